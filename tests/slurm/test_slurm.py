"""The workflow on a SLURM of two nodes: sizes, arrays, a killed job, GPUs, source edited in the queue."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import yaml
from tests.checkout import ROOT, SMOKE, Checkout, fresh_checkout
from tests.slurm.cluster_run import ClusterRun, SlurmJob

from widthscope.config import load, parse
from widthscope.workflow.binding import Binding
from widthscope.workflow.jobs import Job
from widthscope.workflow.planning import Plan

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("cluster"), pytest.mark.timeout(600)]

RESULTS = Path("results/smoke")
CONFIG = "tests/config.smoke.yaml"

STUDIES = ("qk_spectrum", "mup_second_order")
"""Enough for datasets, a sweep without any, and spectra: a job that SLURM starts takes seconds to start."""


@dataclass(frozen=True)
class Disturbed:
    """A finished smoke run on SLURM in which one process of the sweep was killed.

    Attributes:
        checkout: where it ran.
        jobs: SLURM's record of it.
        killed: the shard whose process was killed.
    """

    checkout: Checkout
    jobs: list[SlurmJob]
    killed: str


def settings() -> dict[str, Any]:
    """The smoke run's, of a few studies."""
    whole = parse(ROOT / CONFIG)
    return {**whole, "studies": {slug: whole["studies"][slug] for slug in STUDIES}}


def short_checkout(where: Path) -> Checkout:
    checkout = fresh_checkout(where)
    (checkout.root / CONFIG).write_text(yaml.safe_dump(settings(), sort_keys=False))
    return checkout


@pytest.fixture(scope="module")
def plan() -> Plan:
    name = Path(CONFIG).name
    return Plan(load(settings(), name), name, ROOT)


@pytest.fixture(scope="module")
def sweeps(plan: Plan) -> list[Job]:
    return [job for job in plan.jobs.values() if job.rule == "sweep_widths"]


@pytest.fixture(scope="module")
def on_slurm(cluster: None, sweeps: list[Job], tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    checkout = short_checkout(tmp_path_factory.mktemp("slurm") / "widthscope")
    run = ClusterRun(checkout)
    killed = kill_a_sweep(run, [job.wildcards["shard"] for job in sweeps])
    assert run.finish(500) == 0, run.told()
    return Disturbed(checkout, run.jobs(), killed)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The same run without SLURM."""
    checkout = short_checkout(tmp_path_factory.mktemp("local") / "widthscope")
    done = checkout.command(sys.executable, "-m", "snakemake", *SMOKE, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout


def kill_a_sweep(run: ClusterRun, shards: list[str]) -> str:
    """Kills a process that computes a shard, before it is done, and names the shard.

    All shards have been submitted by then, so that the retry does not share an array with first attempts.
    """

    def kill() -> str | None:
        told = run.told()
        if not all(f"shard={shard}\n" in told for shard in shards) or not (found := run.sweep_process()):
            return None
        process, shard = found
        try:
            process.suspend()
            if list(run.checkout.root.glob(f"{RESULTS}/*/sweep/{shard}.digest.json")):
                process.resume()
                return None
            process.kill()
        except psutil.NoSuchProcess:
            return None
        return shard

    return run.await_("process of the sweep", kill, 360)  # shards that wait for a dataset come last


def size(plan: Plan, rule: str, attempt: int) -> tuple[int, int]:
    """Megabytes and minutes that a job of the rule asks for."""
    bind, any_job = Binding(plan), SimpleNamespace(items=dict)
    return bind.memory(rule)(any_job, attempt), bind.minutes(rule)(any_job, attempt)


def products(checkout: Checkout) -> dict[str, bytes]:
    """Digests of all stores and figures of a run."""
    root = checkout.root / RESULTS
    files = [*root.rglob("*.digest.json"), *root.rglob("figures.json")]
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in files}


def test_every_rule_but_the_local_ones_is_a_slurm_job(on_slurm: Disturbed, plan: Plan) -> None:
    done = Counter(job.rule for job in on_slurm.jobs if job.state == "COMPLETED")
    planned = Counter(job.rule for job in plan.jobs.values() if job.rule != "record_config")
    assert done == planned


def test_jobs_ask_for_account_partition_memory_and_time(on_slurm: Disturbed, plan: Plan) -> None:
    retry = retry_of(on_slurm)
    for job in on_slurm.jobs:
        if job == retry:
            continue
        megabytes, minutes = size(plan, job.rule, attempt=1)
        assert (job.account, job.partition, job.gpus) == ("lab", "cpu", 0)
        assert job.minutes == minutes
        # The plugin adds a megabyte for the list of commands that an array carries.
        assert megabytes <= job.memory_mb <= megabytes + (1 if job.array else 0)


def test_the_sweep_is_a_job_array(on_slurm: Disturbed, sweeps: list[Job]) -> None:
    ready_at_once = [job for job in sweeps if not job.datasets]
    tasks = Counter(job.array for job in on_slurm.jobs if job.rule == "sweep_widths" and job.array)
    assert len(ready_at_once) > 1
    assert len(ready_at_once) in tasks.values()
    assert not [job for job in on_slurm.jobs if job.array and job.rule != "sweep_widths"]


def test_each_task_of_an_array_answers_for_its_own_shard(on_slurm: Disturbed) -> None:
    logs = [slurm_log(on_slurm, job).read_text() for job in on_slurm.jobs if job.array]
    shards = [set(re.findall(r"wildcards: study=\w+, shard=(\S+)", log)) for log in logs]
    assert all(len(named) == 1 for named in shards)
    assert len(set.union(*shards)) == len(logs)


def retry_of(run: Disturbed) -> SlurmJob:
    """The job that did what the killed one did not."""
    (failed,) = [job for job in run.jobs if job.state == "FAILED"]
    assert failed.rule == "sweep_widths"
    (retry,) = [
        job
        for job in run.jobs
        if job.rule == failed.rule
        and job.comment.endswith(f"_{run.killed}")
        and not job.array
        and job != failed
    ]
    return retry


def test_a_killed_job_is_tried_again_with_more_memory_and_time(on_slurm: Disturbed, plan: Plan) -> None:
    retry = retry_of(on_slurm)
    assert retry.state == "COMPLETED"
    assert (retry.memory_mb, retry.minutes) == size(plan, "sweep_widths", attempt=2)
    assert retry.memory_mb == 2 * size(plan, "sweep_widths", attempt=1)[0]


def test_the_digests_are_those_of_a_local_run(on_slurm: Disturbed, here: Checkout, plan: Plan) -> None:
    there = products(on_slurm.checkout)
    assert there == products(here)
    stores = [job for job in plan.jobs.values() if "store" in job.outputs]
    assert len([name for name in there if name.endswith(".digest.json")]) == len(stores)
    compared = here.widthscope("compare", str(RESULTS), str(on_slurm.checkout.root / RESULTS))
    assert compared.returncode == 0, compared.stdout + compared.stderr


def slurm_log(run: Disturbed, job: SlurmJob) -> Path:
    (log,) = (run.checkout.root / f".snakemake/slurm_logs/rule_{job.rule}").rglob(f"{job.id}.log")
    return log


def test_logs_are_kept(on_slurm: Disturbed, plan: Plan) -> None:
    for job in on_slurm.jobs:
        assert slurm_log(on_slurm, job).read_text()
    for job in plan.jobs.values():
        record = on_slurm.checkout.root / job.provenance
        assert record.with_name(record.name.replace(".provenance.json", ".log")).exists(), job.product


def test_a_second_run_submits_nothing(on_slurm: Disturbed) -> None:
    assert on_slurm.checkout.scheduled() == set()


def test_only_the_sweep_asks_for_a_gpu_and_says_that_there_is_none(
    tmp_path: Path, plan: Plan, sweeps: list[Job]
) -> None:
    checkout = fresh_checkout(tmp_path / "gpu")
    checkout.edit("tests/config.smoke.yaml", "device: cpu", "device: cuda")
    sweep = next(job for job in sweeps if not job.datasets)
    dataset = next(job for job in plan.jobs.values() if job.rule == "prepare_dataset")
    run = ClusterRun(checkout, "--retries", "0", "--", sweep.product, dataset.product)
    assert run.finish(200) == 1, run.told()
    asked = {job.rule: (job.partition, job.gpus, job.state) for job in run.jobs()}
    assert asked == {"sweep_widths": ("gpu", 1, "FAILED"), "prepare_dataset": ("cpu", 0, "COMPLETED")}
    assert len(run.jobs()) == len(asked)
    (sentence,) = rule_log(checkout, sweep).splitlines()
    assert sentence.startswith("widthscope: device: 'cuda' is asked for, but torch finds no such device")
    assert not (checkout.root / sweep.product).exists()


def test_source_edited_while_the_job_waits_is_refused(tmp_path: Path, sweeps: list[Job]) -> None:
    checkout = fresh_checkout(tmp_path / "edited")
    sweep = next(job for job in sweeps if not job.datasets)
    try:
        set_partition("DOWN")  # takes jobs and starts none
        run = ClusterRun(checkout, "--retries", "0", "--", sweep.product)
        run.await_("job in the queue", lambda: "submitted with SLURM jobid" in run.told(), 60)
        checkout.append("src/widthscope/streams.py", "\nEDITED = 1\n")
    finally:
        set_partition("UP")
    assert run.finish(200) == 1, run.told()
    assert [job.state for job in run.jobs()] == ["FAILED"]
    assert "the source that this job runs has changed in widthscope.streams" in rule_log(checkout, sweep)
    assert not (checkout.root / sweep.product).exists()


def set_partition(state: str) -> None:
    subprocess.run(["scontrol", "update", "PartitionName=cpu", f"State={state}"], check=True, timeout=30)


def rule_log(checkout: Checkout, job: Job) -> str:
    return (checkout.root / job.product.replace(".digest.json", ".log")).read_text()
