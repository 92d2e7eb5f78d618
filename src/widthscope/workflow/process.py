"""The process that a job runs in: where its words go, how it is stopped, its threads and its device."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from threadpoolctl import threadpool_limits

from widthscope.errors import ConfigError
from widthscope.files import cannot_write

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextlib.contextmanager
def log_to(path: Path) -> Iterator[Callable[[str], None]]:
    """Send standard output and error, C libraries' too, to a log; gives a way to speak to people as well.

    Raises:
        SystemExit: with one sentence, if the log cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log_file = path.open("w", buffering=1, encoding="utf-8")
    except OSError as error:
        raise SystemExit(f"widthscope: {cannot_write(path, error)}") from None
    sys.stdout.flush()
    sys.stderr.flush()
    terminal, terminal_fd = sys.stderr, os.dup(2)
    saved = os.dup(1)

    def say(sentence: str) -> None:
        line = f"{sentence}\n".encode()
        if terminal is sys.__stderr__:
            os.write(terminal_fd, line)
        else:
            print(sentence, file=terminal)
        with contextlib.suppress(OSError):  # the disk may be full, which is what is being said
            os.write(log_file.fileno(), line)

    os.dup2(log_file.fileno(), 1)
    os.dup2(log_file.fileno(), 2)
    try:
        with contextlib.redirect_stdout(log_file), contextlib.redirect_stderr(log_file):
            yield say
    finally:
        os.dup2(saved, 1)
        os.dup2(terminal_fd, 2)
        os.close(saved)
        os.close(terminal_fd)
        with contextlib.suppress(OSError):
            log_file.close()


@contextlib.contextmanager
def terminated_as_exception() -> Iterator[None]:
    """Let SIGTERM, a scheduler's way to end a job, unwind the stack so that nothing half done stays."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread, where signals are none of our business
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def limit_threads(number: int) -> Iterator[None]:
    """Fix the number of threads of libraries that are loaded already, and of those that will be."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(number)))
    with threadpool_limits(limits=number):
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(number)
        yield


def resolve_device(wanted: str) -> str:
    """The device to compute on: ``auto`` is ``cuda`` where there is one and else ``cpu``.

    Raises:
        ConfigError: if ``cuda`` is wanted and there is none.
    """
    if wanted == "cpu":
        return "cpu"
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read by CUDA when it starts
    import torch

    if torch.cuda.is_available():
        # Operations without a deterministic form warn in the log: a GPU's digests are not promised anyway.
        torch.use_deterministic_algorithms(True, warn_only=True)
        return "cuda"
    if wanted == "auto":
        return "cpu"
    raise ConfigError(
        f"device: '{wanted}' is asked for, but torch finds no such device on this machine; "
        "set device to 'cpu' or 'auto'"
    )
