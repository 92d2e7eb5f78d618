"""Progress of a long loop: a bar on a terminal, a plain line every ten seconds in a log."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Protocol, TextIO, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    """What an experiment is given to report how far it is; see `progress`."""

    def __call__(
        self, iterable: Iterable[Item], total: int | None = None, description: str = ""
    ) -> Iterator[Item]:
        """Pass on the items of `iterable`."""


def progress(
    iterable: Iterable[Item], total: int | None = None, description: str = "", stream: TextIO | None = None
) -> Iterator[Item]:
    """Pass on the items and report how many are done and how long the rest will take.

    Args:
        iterable: the loop's items.
        total: their number; default: the iterable's length, if it has one.
        description: what the loop does, in a word or two.
        stream: where to report; default: standard error, which a job sends to its log.
    """
    stream = sys.stderr if stream is None else stream
    if total is None and isinstance(iterable, Sized):
        total = len(iterable)
    if stream.isatty():
        return iter(tqdm(iterable, total=total, desc=description or None, file=stream))
    return _plain(iterable, total, description, stream)


def quiet(iterable: Iterable[Item], total: int | None = None, description: str = "") -> Iterator[Item]:
    """Pass on the items and say nothing: the `Progress` of tests and of code called from elsewhere."""
    return iter(iterable)


def _plain(
    iterable: Iterable[Item],
    total: int | None,
    description: str,
    stream: TextIO,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Item]:
    started = last = clock()
    done = 0
    for done, item in enumerate(iterable, start=1):
        yield item
        now = clock()
        if now - last >= SECONDS_BETWEEN_LINES and done != total:
            stream.write(line(description, done, total, now - started) + "\n")
            stream.flush()
            last = now
    seconds = clock() - started
    if seconds >= SECONDS_BETWEEN_LINES:
        stream.write(f"{description or 'loop'}: {done} done in {duration(seconds)}\n")
        stream.flush()


def line(description: str, done: int, total: int | None, seconds: float) -> str:
    """One line of the log, e.g. ``draws: 30/120, 25 %, 0:42 passed, about 2:06 left``."""
    name = description or "loop"
    if not total:
        return f"{name}: {done}, {duration(seconds)} passed"
    left = seconds * (total - done) / done
    return (
        f"{name}: {done}/{total}, {100 * done // total} %, "
        f"{duration(seconds)} passed, about {duration(left)} left"
    )


def duration(seconds: float) -> str:
    """Seconds as ``m:ss`` or ``h:mm:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
