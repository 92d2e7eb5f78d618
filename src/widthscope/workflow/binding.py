"""The answers that the rules need, as the functions of wildcards that Snakemake calls."""

import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from widthscope.config import check_run_folder, load, parse
from widthscope.errors import ConfigError, StoreError, WidthscopeError
from widthscope.studies.base import Cost
from widthscope.workflow.checkpoint_jobs import check_paths
from widthscope.workflow.jobs import SMALL, Job
from widthscope.workflow.pinned_plan import PinnedJob, pin, pinned
from widthscope.workflow.planning import Plan

FLOOR_MB = 1500  # an interpreter with torch and xarray imported

Wildcards = Any  # Snakemake's own mapping
Answer = Callable[..., Any]


def open_plan(raw: Mapping[str, Any], config_files: Sequence[str | Path], root: Path) -> Plan:
    """The plan of the run that a Snakefile was given; a wrong config ends the process with one sentence.

    A job that parses the Snakefile again gets the plan that it belongs to, whatever was edited since.

    Args:
        raw: the merged config as Snakemake hands it over.
        config_files: the files it came from; the last one names the run's origin.
        root: folder of the Snakefile.
    """
    try:
        if kept := pinned():
            return Plan(load(kept.config, kept.config_file), kept.config_file, root)
        config_file = Path(config_files[-1]).name
        for path in config_files:
            parse(Path(path))  # Snakemake takes the last of repeated keys without a word
        config = load(raw, config_file)
        check_paths(config.checkpoints, config_file)
        check_writable(Path("results") / config.run)
        check_run_folder(Path("results") / config.run, config_file)
        planned = Plan(config, config_file, root)
        check_texts(planned)
        pin(planned)
    except WidthscopeError as error:
        sys.exit(f"widthscope: {error}")
    return planned


def share_library(folder: Path) -> None:
    """Lets jobs in an environment of their own (conda, a cluster node) find the library in this folder."""
    others = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), others]))


def check_writable(folder: Path) -> None:
    """Refuses a results folder that no job could write to, before any job starts.

    Raises:
        StoreError: naming the folder, or the part of its path, that stands in the way.
    """
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise StoreError(f"results go to a folder, and {folder} is a file; move it away")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(
            f"results cannot be written: this user may not write to the folder {folder.absolute()}"
        )


def check_texts(plan: Plan) -> None:
    """Refuses a dataset's text file that cannot be read, before any job starts.

    Raises:
        ConfigError: naming the setting and the file.
    """
    for job in plan.jobs.values():
        if job.rule == "prepare_dataset" and job.settings.get("file") and job.settings["sha256"] is None:
            setting = f"datasets.{job.wildcards['dataset']}.file"
            raise ConfigError(
                f"in {plan.config_file}, {setting} is '{job.settings['file']}', which cannot be read; "
                f"a relative path starts in {Path.cwd()}"
            )


class Binding:
    """Answers of a plan to the rules, one small function of wildcards each."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        kept = pinned()
        self._pinned = kept.jobs if kept else {}

    def _job(self, rule: str, wildcards: Wildcards) -> Job:
        return self.plan.job(rule, **dict(wildcards.items()))

    def _decided(self, rule: str, wildcards: Wildcards) -> PinnedJob:
        """What was planned for a job, or is being planned now."""
        job = self._job(rule, wildcards)
        return self._pinned.get(job.product) or PinnedJob(job.settings, job.source.digest)

    def settings(self, rule: str) -> Answer:
        """The values that a job of the rule reads, as they were planned."""
        return lambda wildcards: self._decided(rule, wildcards).settings

    def source(self, rule: str) -> Answer:
        """The fingerprint of the source that was planned for the job."""
        return lambda wildcards: self._decided(rule, wildcards).source

    def entries(self, rule: str) -> Answer:
        """Where the source of the job starts."""
        return lambda wildcards: list(self._job(rule, wildcards).entries)

    def files(self, rule: str) -> Answer:
        """Files other than Python source that decide the result."""
        return lambda wildcards: list(self._job(rule, wildcards).files)

    def memory(self, rule: str) -> Answer:
        """Memory to ask for, in MB; a retry asks for more."""
        needed = max(cost.memory_mb for cost in self._costs(rule))
        return lambda wildcards, attempt: max(FLOOR_MB, math.ceil(1.5 * needed)) * attempt

    def minutes(self, rule: str) -> Answer:
        """Time to ask for, in minutes; a retry asks for more. Cluster cores may be four times slower."""
        needed = max(cost.seconds for cost in self._costs(rule))
        return lambda wildcards, attempt: math.ceil((120 + 4 * needed) / 60) * attempt

    def _costs(self, rule: str) -> list[Cost]:
        """What the jobs of a rule are expected to take.

        All of them ask for what the costliest needs: a SLURM job array has one size for all its tasks, which
        the executor takes from whichever task comes first.
        """
        return [job.cost for job in self.plan.jobs.values() if job.rule == rule] or [SMALL]

    def gpus(self, rule: str) -> Answer:
        """GPUs that a job of the rule asks for: one if its device is cuda, else none."""
        return lambda wildcards: int(self._job(rule, wildcards).settings.get("device") == "cuda")

    def digests(self, rule: str) -> Answer:
        """Digests of the stores that a job of the rule reads."""
        return lambda wildcards: list(self._job(rule, wildcards).inputs)

    def stores(self, rule: str) -> Answer:
        """The stores that a job of the rule reads, in the order of their digests."""
        return lambda wildcards: [_store_of(digest) for digest in self._job(rule, wildcards).inputs]


def _store_of(digest: str) -> str:
    return digest.removesuffix(".digest.json") + ".zarr"
