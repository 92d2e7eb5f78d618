"""The frame of a job, entered with an object like the one that Snakemake hands to a script."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from widthscope import provenance
from widthscope.errors import DataError, StoreError
from widthscope.files import atomic_write_json
from widthscope.fingerprint import fingerprint
from widthscope.workflow.job import job
from widthscope.workflow.process import THREAD_VARIABLES


class Named(list[str]):
    """Snakemake's lists whose items also have names."""

    def __init__(self, **named: Any) -> None:
        super().__init__(named.values())
        self.__dict__.update(named)

    def get(self, name: str, default: Any = None) -> Any:
        return self.__dict__.get(name, default)

    def items(self) -> Any:
        return self.__dict__.items()


SCRIPT = '''"""Do it."""
from widthscope.errors import DataError, StoreError

def work():
    return 1
'''


@pytest.fixture
def snakemake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.chdir(tmp_path)
    for name in THREAD_VARIABLES:
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    Path("scripts").mkdir()
    Path("scripts/fit_limits.py").write_text(SCRIPT)
    folder = Path("results/smoke/study")
    (folder / "sweep/a.zarr").mkdir(parents=True)
    (folder / "sweep/a.digest.json").write_text('{"digest": "d1"}')
    (folder / "sweep/a.provenance.json").write_text("{}")
    stem = folder / "fit"
    return SimpleNamespace(
        rule="fit_limits",
        wildcards=Named(study="study"),
        params=Named(
            settings={"level": 0.99},
            source=fingerprint(["scripts/fit_limits.py"]).digest,
            entries=["scripts/fit_limits.py"],
        ),
        input=Named(
            digest=f"{folder}/sweep/a.digest.json",
            store=f"{folder}/sweep/a.zarr",
            provenance=f"{folder}/sweep/a.provenance.json",
        ),
        output=Named(
            store=f"{stem}.zarr", digest=f"{stem}.digest.json", provenance=f"{stem}.provenance.json"
        ),
        log=Named(log=f"{stem}.log"),
        threads=1,
        scriptdir=str(tmp_path / "scripts"),
    )


def product(snakemake: SimpleNamespace) -> Path:
    return Path(snakemake.output.digest)


def write_product(snakemake: SimpleNamespace) -> None:
    Path(snakemake.output.store).mkdir()
    atomic_write_json(product(snakemake), {"digest": "d2"})


def write_product_and(snakemake: SimpleNamespace, stop: Callable[[], object]) -> None:
    with job(snakemake):
        write_product(snakemake)
        stop()


def log(snakemake: SimpleNamespace) -> str:
    return Path(snakemake.log[0]).read_text()


def test_provenance_says_what_decided_the_product(snakemake: SimpleNamespace) -> None:
    with job(snakemake) as run:
        assert run.results == Path("results/smoke")
        assert (run.work.device, run.threads) == ("cpu", 1)
        assert run.wildcards.study == "study"
        write_product(snakemake)
    record = provenance.read(Path(snakemake.output.provenance))
    assert record.product == "results/smoke/study/fit.digest.json"
    assert (record.rule, record.wildcards) == ("fit_limits", {"study": "study"})
    assert record.settings == {"level": 0.99}
    assert record.source["digest"] == snakemake.params.source
    assert "work" in record.source["modules"]["scripts/fit_limits.py"]
    assert record.inputs == {"results/smoke/study/sweep/a.digest.json": "d1"}
    assert record.outputs == {"results/smoke/study/fit.digest.json": "d2"}
    assert record.seconds > 0
    assert 10 < record.peak_mb < 100_000
    assert record.versions["python"] == sys.version.split()[0]
    assert record.device == "cpu"


def test_changed_source_is_refused_and_named(
    snakemake: SimpleNamespace, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("scripts/fit_limits.py").write_text(SCRIPT.replace("return 1", "return 2"))
    with pytest.raises(SystemExit) as stopped, job(snakemake):
        pytest.fail("the job must not start")
    assert stopped.value.code == 1
    sentence = (
        "widthscope: the source that this job runs has changed in scripts/fit_limits.py since the job was "
        "planned; run snakemake again\n"
    )
    assert log(snakemake) == sentence
    assert capfd.readouterr().err == sentence
    assert not Path(snakemake.output.provenance).exists()


def test_a_changed_comment_is_not_refused(snakemake: SimpleNamespace) -> None:
    Path("scripts/fit_limits.py").write_text(SCRIPT.replace("Do it.", "Do it well.") + "# end\n")
    with job(snakemake):
        write_product(snakemake)
    assert product(snakemake).exists()


def test_a_changed_file_is_refused_and_named(snakemake: SimpleNamespace) -> None:
    Path("page.html").write_text("one")
    snakemake.params.files = ["page.html"]
    snakemake.params.source = fingerprint(["scripts/fit_limits.py"], ["page.html"]).digest
    Path("page.html").write_text("two")
    with pytest.raises(SystemExit), job(snakemake):
        pytest.fail("the job must not start")
    assert "has changed in page.html since" in log(snakemake)


def test_a_changed_package_is_refused_and_named(
    snakemake: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("scripts/fit_limits.py").write_text("import numpy\n" + SCRIPT)
    snakemake.params.source = fingerprint(["scripts/fit_limits.py"]).digest
    monkeypatch.setattr("widthscope.fingerprint._version", lambda name: "0.1")
    with pytest.raises(SystemExit), job(snakemake):
        pytest.fail("the job must not start")
    assert "has changed in package numpy since" in log(snakemake)


def test_an_error_for_people_is_one_sentence_and_leaves_no_product(
    snakemake: SimpleNamespace, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise DataError("the dataset 'digit' is unknown; did you mean 'digits'?")

    with pytest.raises(SystemExit) as stopped:
        write_product_and(snakemake, fail)
    assert stopped.value.code == 1
    assert log(snakemake) == "widthscope: the dataset 'digit' is unknown; did you mean 'digits'?\n"
    assert capfd.readouterr().err == log(snakemake)
    assert not product(snakemake).exists()
    assert not Path(snakemake.output.provenance).exists()


def test_any_other_error_shows_its_traceback_and_leaves_no_product(snakemake: SimpleNamespace) -> None:
    with pytest.raises(ZeroDivisionError):
        write_product_and(snakemake, lambda: 1 / 0)
    assert "Traceback" in log(snakemake)
    assert log(snakemake).rstrip().endswith("ZeroDivisionError: division by zero")
    assert not product(snakemake).exists()


def interrupt() -> None:
    raise KeyboardInterrupt


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(("stop", "error"), [(interrupt, KeyboardInterrupt), (terminate, SystemExit)])
def test_a_stopped_job_leaves_no_product(
    snakemake: SimpleNamespace, stop: Callable[[], None], error: type[BaseException]
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(error):
        write_product_and(snakemake, stop)
    assert not product(snakemake).exists()
    assert not Path(snakemake.output.provenance).exists()
    assert log(snakemake).startswith("stopped from outside: ")
    assert signal.getsignal(signal.SIGTERM) is before


def test_everything_printed_goes_to_the_log(
    snakemake: SimpleNamespace, capfd: pytest.CaptureFixture[str]
) -> None:
    with job(snakemake) as run:
        print("from python")
        os.write(2, b"from a C library\n")
        subprocess.run(["echo", "from a child"], check=True)
        assert list(run.work.progress(range(3), description="draws")) == [0, 1, 2]
        write_product(snakemake)
    assert set(log(snakemake).splitlines()) == {"from python", "from a C library", "from a child"}
    print("afterwards")
    assert capfd.readouterr().out == "afterwards\n"


def test_threads_are_fixed(snakemake: SimpleNamespace) -> None:
    import torch

    before = torch.get_num_threads()
    snakemake.threads = 2
    with job(snakemake):
        assert torch.get_num_threads() == 2
        assert {os.environ[name] for name in THREAD_VARIABLES} == {"2"}
    torch.set_num_threads(before)


def test_a_log_that_cannot_be_opened_is_one_sentence(snakemake: SimpleNamespace) -> None:
    Path(snakemake.log[0]).mkdir()
    with (
        pytest.raises(SystemExit, match=r"^widthscope: cannot write results/smoke/study/fit\.log: "),
        job(snakemake),
    ):
        pytest.fail("the job must not start")


@pytest.mark.parametrize("words", ["", "a line of progress\n" * 1000])
def test_a_full_disk_is_one_sentence(
    snakemake: SimpleNamespace, capfd: pytest.CaptureFixture[str], words: str
) -> None:
    """The log is a device on which every write fails as on a full disk."""
    Path(snakemake.log[0]).symlink_to("/dev/full")

    def fill() -> None:
        print(words)
        raise StoreError("cannot write fit.zarr: the disk is full")

    with pytest.raises(SystemExit) as stopped:
        write_product_and(snakemake, fill)
    assert stopped.value.code == 1
    said = capfd.readouterr().err
    assert said.startswith("widthscope: cannot write ")
    assert said.count("\n") == 1
    assert "the disk is full" in said
    assert not product(snakemake).exists()


def keep_and(snakemake: SimpleNamespace, stop: Callable[[], object]) -> None:
    """A job that keeps what it has done so far, and is then stopped or goes on to the end."""
    with job(snakemake) as run:
        assert run.work.unfinished is not None
        run.work.unfinished.mkdir(exist_ok=True)
        (run.work.unfinished / "state").write_text(run.work.identity)
        stop()
        write_product(snakemake)


def test_what_a_job_keeps_outlives_its_failure_and_goes_with_its_success(snakemake: SimpleNamespace) -> None:
    kept = Path("results/smoke/study/fit.unfinished")
    with pytest.raises(ZeroDivisionError):
        keep_and(snakemake, lambda: 1 / 0)
    with pytest.raises(SystemExit):
        keep_and(snakemake, terminate)
    assert (kept / "state").exists()
    keep_and(snakemake, lambda: None)
    assert product(snakemake).exists()
    assert {path.name for path in kept.parent.iterdir() if "unfinished" in path.name} == set()


def test_nothing_is_made_for_a_job_that_keeps_nothing(snakemake: SimpleNamespace) -> None:
    with job(snakemake) as run:
        assert run.work.unfinished == Path("results/smoke/study/fit.unfinished")
        assert not run.work.unfinished.exists()
        write_product(snakemake)


def identity_of(snakemake: SimpleNamespace) -> str:
    with job(snakemake) as run:
        identity = run.work.identity
    assert len(identity) == 64
    return identity


def test_the_identity_follows_all_that_decides_the_result_and_nothing_else(
    snakemake: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = identity_of(snakemake)
    Path("results/smoke/study/sweep/a.provenance.json").write_text('{"host": "another"}')
    snakemake.threads = 1
    assert identity_of(snakemake) == first
    found = {first}
    snakemake.params.settings = {"level": 0.95}
    found.add(identity_of(snakemake))
    Path("results/smoke/study/sweep/a.digest.json").write_text('{"digest": "d0"}')
    found.add(identity_of(snakemake))
    Path("scripts/fit_limits.py").write_text(SCRIPT.replace("return 1", "return 2"))
    snakemake.params.source = fingerprint(["scripts/fit_limits.py"]).digest
    found.add(identity_of(snakemake))
    monkeypatch.setattr("widthscope.workflow.job.resolve_device", lambda wanted: "cuda")
    found.add(identity_of(snakemake))
    assert len(found) == 5


def test_a_folder_that_stays_does_not_undo_the_finished_job(
    snakemake: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with job(snakemake) as run:
        assert run.work.unfinished is not None
        run.work.unfinished.mkdir()
        write_product(snakemake)
        monkeypatch.setattr(Path, "rename", refuse)
    assert product(snakemake).exists()
    assert Path(snakemake.output.provenance).exists()


def test_what_was_half_removed_goes_with_the_next_success(snakemake: SimpleNamespace) -> None:
    half = Path("results/smoke/study/.fit.unfinished.0123456789ab.partial")
    (half / "training").mkdir(parents=True)
    with job(snakemake):
        write_product(snakemake)
    assert not half.exists()
