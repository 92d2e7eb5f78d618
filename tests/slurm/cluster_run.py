"""The smoke run by way of SLURM: Snakemake in the background, and what SLURM recorded of its jobs."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
from tests.checkout import Checkout

PROFILE = ("--profile", "profiles/slurm", "--configfile", "tests/config.smoke.yaml")
QUICK = ("--slurm-init-seconds-before-status-checks", "2")
FIELDS = ("JobID", "State", "Partition", "Account", "ReqMem", "TimelimitRaw", "AllocTRES", "Comment")

Found = TypeVar("Found")


@dataclass(frozen=True)
class SlurmJob:
    """One row of SLURM's accounting.

    Attributes:
        id: job number, for a task of an array ``<array>_<task>``.
        state: ``COMPLETED``, ``FAILED``, ...
        memory_mb, minutes, gpus: what was asked for; GPUs as they were given.
        comment: rule and wildcards; all tasks of an array have those of its first one.
    """

    id: str
    state: str
    partition: str
    account: str
    memory_mb: int
    minutes: int
    gpus: int
    comment: str

    @property
    def rule(self) -> str:
        """Name of the rule."""
        return self.comment.removeprefix("rule_").split("_wildcards_")[0]

    @property
    def array(self) -> str | None:
        """Number of the array that the job is a task of."""
        return self.id.split("_")[0] if "_" in self.id else None


class ClusterRun:
    """Snakemake with the SLURM profile, in the background of a checkout; what it says goes to a file."""

    def __init__(self, checkout: Checkout, *arguments: str) -> None:
        self.checkout = checkout
        self.log = checkout.root / "cluster_run.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *PROFILE, *QUICK, *arguments],
                cwd=checkout.root,
                env=checkout.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def finish(self, seconds: float) -> int:
        """Waits for Snakemake and returns its exit status; at the limit it is interrupted, as by Ctrl-C."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.interrupt()
            raise

    def interrupt(self) -> int:
        """Does what Ctrl-C does, which cancels all jobs, and returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def told(self) -> str:
        """What Snakemake has said so far."""
        return self.log.read_text()

    def await_(self, what: str, find: Callable[[], Found | None], seconds: float) -> Found:
        """Polls until there is something to find."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if found := find():
                return found
            time.sleep(0.05)
        raise AssertionError(f"there was no {what} in {seconds} s\n{self.told()}")

    def jobs(self) -> list[SlurmJob]:
        """All jobs that SLURM has recorded of this run."""
        name = re.search(r"SLURM run ID: (\S+)", self.told())
        assert name, self.told()
        query = ("sacct", "-X", "-P", "-n", "--units=M", "-S", "now-1hour", "--name", name[1])
        table = subprocess.run(
            [*query, "-o", ",".join(FIELDS)], capture_output=True, text=True, check=True, timeout=60
        ).stdout
        return [_slurm_job(*line.split("|")) for line in table.splitlines()]

    def sweep_process(self) -> tuple[psutil.Process, str] | None:
        """A process that computes a shard at this moment, and the shard."""
        for process in psutil.process_iter():
            try:
                last_word = (process.cmdline() or [""])[-1]
                if not last_word.endswith("sweep_widths.py") or Path(process.cwd()) != self.checkout.root:
                    continue
                logs = [Path(file.path) for file in process.open_files()]
            except psutil.Error:  # it has ended meanwhile
                continue
            if shards := [log.stem for log in logs if log.parent.name == "sweep" and log.suffix == ".log"]:
                return process, shards[0]
        return None


def _slurm_job(
    id_: str, state: str, partition: str, account: str, memory: str, minutes: str, given: str, comment: str
) -> SlurmJob:
    gpus = re.search(r"gres/gpu=(\d+)", given)
    megabytes = round(float(memory.removesuffix("M")))
    return SlurmJob(
        id_, state, partition, account, megabytes, int(minutes), int(gpus[1]) if gpus else 0, comment
    )
