"""The frame that every job of the workflow runs in: planned source, threads, device, log, provenance.

    with job(snakemake) as run:
        settings = run.params.settings
        ...

A `WidthscopeError` inside ends the job with one sentence in the log and on standard error, anything else with
its traceback; in both cases no product is left that could count as done.
"""

import contextlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from widthscope import provenance
from widthscope.errors import SourceChangedError, WidthscopeError
from widthscope.files import cannot_write, is_refusal
from widthscope.fingerprint import Fingerprint, fingerprint, recall
from widthscope.progress import progress
from widthscope.source_tree import SourceTree
from widthscope.work import Work
from widthscope.workflow import unfinished
from widthscope.workflow.process import limit_threads, log_to, resolve_device, terminated_as_exception

PRODUCT_NAMES = ("digest", "index", "page", "claims", "config")
"""Names of the output that stands for a job's result, in order of preference."""


@dataclass(frozen=True)
class Run:
    """What a script sees of its job.

    Attributes:
        wildcards, params, input, output: Snakemake's own.
        threads: number of threads that numerical libraries may use.
        results: folder of the run, ``results/<run>``.
        work: what an experiment is given: the device, resolved from the settings' ``device``; progress, which
            goes to the log; and for a job that makes a store the folder ``<store's name>.unfinished``
            beside it, in which a killed job's successor finds what it left.
        say: tells a person one sentence, in the log and on standard error.
    """

    wildcards: Any
    params: Any
    input: Any
    output: Any
    threads: int
    results: Path
    work: Work
    say: Callable[[str], None]


@contextlib.contextmanager
def job(snakemake: Any) -> Iterator[Run]:
    """Frame a script's work; refuses to run source other than the planned one.

    Raises:
        SystemExit: with status 1 after an error that is told as one sentence.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    with log_to(Path(snakemake.log[0])) as say, terminated_as_exception():
        try:
            source = _check_source(snakemake)
            device = resolve_device(str(_settings(snakemake).get("device", "cpu")))
            with limit_threads(snakemake.threads):
                run = Run(
                    wildcards=snakemake.wildcards,
                    params=snakemake.params,
                    input=snakemake.input,
                    output=snakemake.output,
                    threads=snakemake.threads,
                    results=Path(*Path(snakemake.output[0]).parts[:2]),
                    work=_work(snakemake, source, device),
                    say=say,
                )
                yield run
            seconds = time.perf_counter() - clock
            _write_provenance(snakemake, source, device, started, seconds)
            unfinished.discard(run.work.unfinished)
        except (KeyboardInterrupt, SystemExit) as stopped:
            _withdraw(snakemake)
            with contextlib.suppress(OSError):
                print(f"stopped from outside: {stopped!r}", file=sys.stderr)
            raise
        except BaseException as error:
            _withdraw(snakemake)
            if sentence := _sentence(error):
                say(f"widthscope: {sentence}")
                raise SystemExit(1) from None
            with contextlib.suppress(OSError):
                traceback.print_exc()
            raise


def _sentence(error: BaseException) -> str | None:
    """What a person is told instead of a traceback: errors made for people, and a disk that takes no more."""
    if isinstance(error, WidthscopeError):
        return str(error)
    if isinstance(error, OSError) and is_refusal(error):
        return str(cannot_write(Path(error.filename or "the job's log or results"), error))
    return None


def _settings(snakemake: Any) -> dict[str, Any]:
    return dict(snakemake.params.get("settings") or {})


def _root(snakemake: Any) -> Path:
    """Folder of the Snakefile: scripts lie in its ``scripts/``."""
    return Path(snakemake.scriptdir).parent


def _work(snakemake: Any, source: Fingerprint, device: str) -> Work:
    """What the job gives its experiment."""
    store = snakemake.output.get("store")
    identity = unfinished.identity(
        source.digest, _settings(snakemake), provenance.digests(snakemake.input), device
    )
    return Work(device, progress, unfinished.folder(Path(store)) if store else None, identity)


def _check_source(snakemake: Any) -> Fingerprint:
    """The fingerprint of what is about to run, which must be the planned one."""
    tree = SourceTree(root=_root(snakemake))
    planned = snakemake.params.source
    found = fingerprint(snakemake.params.entries, snakemake.params.get("files") or (), tree=tree)
    if found.digest == planned:
        return found
    before = recall(planned, tree.cache)
    changed = changed_sources(before, found) if before else []
    where = f" in {', '.join(changed)}" if changed else ""
    raise SourceChangedError(
        f"the source that this job runs has changed{where} since the job was planned; run snakemake again"
    )


def changed_sources(before: Fingerprint, after: Fingerprint) -> list[str]:
    """Names of the modules, files and packages in which two fingerprints differ."""
    pairs = (
        ("", before.modules, after.modules),
        ("", before.files, after.files),
        ("package ", before.versions, after.versions),
    )
    return [
        f"{kind}{name}"
        for kind, old, new in pairs
        for name in sorted({*old, *new})
        if dict(old).get(name) != dict(new).get(name)
    ]


def _write_provenance(
    snakemake: Any, source: Fingerprint, device: str, started: datetime, seconds: float
) -> None:
    product = _product(snakemake)
    record = provenance.Provenance(
        product=product.as_posix(),
        rule=snakemake.rule,
        wildcards=dict(snakemake.wildcards.items()),
        settings=_settings(snakemake),
        source=source.record(),
        inputs=provenance.digests(snakemake.input),
        outputs=provenance.digests(snakemake.output),
        seconds=round(seconds, 3),
        peak_mb=provenance.peak_megabytes(),
        started=started.isoformat(timespec="seconds"),
        threads=snakemake.threads,
        device=device,
        **provenance.circumstances(_root(snakemake)),
    )
    provenance.write(record, Path(snakemake.output.provenance))


def _product(snakemake: Any) -> Path:
    return next(Path(snakemake.output.get(name)) for name in PRODUCT_NAMES if snakemake.output.get(name))


def _withdraw(snakemake: Any) -> None:
    """Remove what would let an unfinished job count as done."""
    for path in (_product(snakemake), Path(snakemake.output.provenance)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
