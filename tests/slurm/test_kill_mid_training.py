"""A training that is killed on its node is tried again by SLURM's profile, and goes on where it stopped."""

import re
import sys
from pathlib import Path

import psutil
import pytest
from tests.checkout import SMOKE, Checkout, training_checkout
from tests.slurm.cluster_run import ClusterRun

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("cluster"), pytest.mark.timeout(600)]

SHARD = "training-w16"
STEM = Path("results/smoke/qk_spectrum")
PRODUCTS = [STEM / f"{stage}/{SHARD}.digest.json" for stage in ("sweep", "spectra")]


def kill_mid_training(run: ClusterRun) -> None:
    """Kills the process that trains, once it has saved its state and before it is done."""

    def kill() -> bool:
        folder = run.checkout.root / STEM / "sweep"
        if not list(folder.glob(f"{SHARD}.unfinished/*/state.pt")) or not (found := run.sweep_process()):
            return False
        process, shard = found
        try:
            process.kill()
        except psutil.NoSuchProcess:
            return False
        assert shard == SHARD
        assert not (folder / f"{SHARD}.digest.json").exists()
        return True

    run.await_("training with a state", kill, 200)


def test_a_training_killed_on_its_node_goes_on_and_ends_with_the_same_digests(tmp_path: Path) -> None:
    there, here = training_checkout(tmp_path / "there"), training_checkout(tmp_path / "here")
    run = ClusterRun(there, "--", *map(str, PRODUCTS))
    kill_mid_training(run)
    assert run.finish(400) == 0, run.told()
    states = sorted((job.rule, job.state) for job in run.jobs())
    again = [("sweep_widths", "COMPLETED"), ("sweep_widths", "FAILED")]
    assert states == [("analyse_spectra", "COMPLETED"), *again]
    log = (there.root / STEM / f"sweep/{SHARD}.log").read_text()
    assert re.search(rf"{SHARD}: goes on from step [1-9]", log)
    done = here.command(
        sys.executable, "-m", "snakemake", *SMOKE, "--quiet", "all", "--", *map(str, PRODUCTS)
    )
    assert done.returncode == 0, done.stderr
    assert digests(there) == digests(here)
    assert not list(there.root.rglob("*.unfinished"))


def digests(checkout: Checkout) -> list[bytes]:
    return [(checkout.root / product).read_bytes() for product in PRODUCTS]
