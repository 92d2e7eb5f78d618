"""A run that is killed mid-training goes on where it stopped, and ends as if nothing had happened."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tests.checkout import SMOKE, Checkout, descent_checkout, training_checkout

STEPS = 30
SLOWLY = f"studies: {{descent: {{training: {{widths: [4], steps: {STEPS}, pause: 0.1}}}}}}\n"
SWEEP = Path("results/smoke/descent/sweep")
UNFINISHED = SWEEP / "training-w4.unfinished"
DIGEST = SWEEP / "training-w4.digest.json"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The run that nobody kills."""
    checkout = descent_checkout(tmp_path_factory.mktemp("undisturbed") / "widthscope", SLOWLY)
    done = checkout.snakemake("--quiet", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout


def steps_kept(checkout: Checkout) -> int:
    """Steps in the state that the killed job left."""
    state = checkout.root / UNFINISHED / "state.json"
    return len(json.loads(state.read_text())["history"]) - 1 if state.exists() else 0


def stop_mid_training(checkout: Checkout, stop: Callable[[int], None]) -> int:
    """Starts the run, stops it when some steps are done, and returns how many the state has."""
    command = [sys.executable, "-m", "snakemake", *SMOKE, "--quiet", "all"]
    with subprocess.Popen(
        command,
        cwd=checkout.root,
        env=checkout.environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 120
        while steps_kept(checkout) < 5 and time.monotonic() < deadline:
            time.sleep(0.02)
        stop(process.pid)
        process.wait(timeout=60)
    kept = steps_kept(checkout)
    assert 5 <= kept < STEPS
    assert not (checkout.root / DIGEST).exists()
    return kept


def kill(group: int) -> None:
    os.killpg(group, signal.SIGKILL)


def terminate(group: int) -> None:
    """As a scheduler ends a job: the job unwinds, and Snakemake removes the outputs of the failed job."""
    os.killpg(group, signal.SIGTERM)


def started_at(checkout: Checkout) -> int:
    """Where the last training of the shard began, by the log of its job."""
    told = re.search(
        r"training starts at step (\d+)", (checkout.root / SWEEP / "training-w4.log").read_text()
    )
    assert told
    return int(told[1])


def digests(checkout: Checkout) -> dict[str, bytes]:
    found = sorted(checkout.root.glob("results/smoke/**/*.digest.json"))
    return {path.relative_to(checkout.root).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("stop", [kill, terminate])
def test_a_run_stopped_mid_training_ends_with_the_same_digests(
    undisturbed: Checkout, tmp_path: Path, stop: Callable[[int], None]
) -> None:
    stopped = descent_checkout(tmp_path / "stopped", SLOWLY)
    kept = stop_mid_training(stopped, stop)
    told = stopped.widthscope("verify", "results/smoke")
    assert f"missing  {DIGEST}" in told.stdout
    assert "Traceback" not in told.stderr
    stopped.command("snakemake", "--unlock", *SMOKE)
    resumed = stopped.snakemake("--quiet", "all")
    assert resumed.returncode == 0, resumed.stderr
    assert started_at(stopped) == kept
    assert digests(stopped) == digests(undisturbed)
    assert len(digests(stopped)) == 3
    assert not list((stopped.root / "results").rglob("*unfinished*"))
    assert stopped.widthscope("verify", "results/smoke").returncode == 0
    assert stopped.scheduled() == set()


CHANGES = [
    ("tests/config.smoke.yaml", "run: smoke", "run: smoke\nseed: 7"),
    ("src/widthscope/studies/descent/loop.py", "0.9 * weights", "0.8 * weights"),
]


@pytest.mark.parametrize("change", CHANGES, ids=["seed", "loop"])
def test_what_another_seed_or_loop_has_begun_is_not_gone_on_with(
    tmp_path: Path, change: tuple[str, str, str]
) -> None:
    changed = descent_checkout(tmp_path / "changed", SLOWLY)
    stop_mid_training(changed, kill)
    changed.edit(*change)
    changed.command("snakemake", "--unlock", *SMOKE)
    assert changed.snakemake(str(DIGEST), "--quiet", "all").returncode == 0
    assert started_at(changed) == 0
    assert not (changed.root / UNFINISHED).exists()


TRAINED = "results/smoke/qk_spectrum/sweep/training-w16"
SPECTRA = "results/smoke/qk_spectrum/spectra/training-w16"
TRAINING = (*SMOKE, "--quiet", "all", "--", f"{SPECTRA}.digest.json")


def updates_kept(checkout: Checkout) -> int:
    """Updates in the state that the killed training left."""
    states = list((checkout.root / f"{TRAINED}.unfinished").glob("*/state.pt"))
    return int(torch.load(states[0], weights_only=True)["content"]["done"]) if states else 0


def test_a_training_of_many_members_ends_with_the_same_digests(tmp_path: Path) -> None:
    killed, whole = training_checkout(tmp_path / "killed"), training_checkout(tmp_path / "whole")
    with subprocess.Popen(
        [sys.executable, "-m", "snakemake", *TRAINING],
        cwd=killed.root,
        env=killed.environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 120
        while not updates_kept(killed) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(1)
        kill(process.pid)
        process.wait(timeout=60)
    kept = updates_kept(killed)
    assert 0 < kept < 3000
    assert not (killed.root / f"{TRAINED}.digest.json").exists()
    killed.command("snakemake", "--unlock", *SMOKE)
    for checkout in (killed, whole):
        done = checkout.command(sys.executable, "-m", "snakemake", *TRAINING)
        assert done.returncode == 0, done.stderr
    assert f"training-w16: goes on from step {kept} of 3000\n" in (killed.root / f"{TRAINED}.log").read_text()
    assert "goes on" not in (whole.root / f"{TRAINED}.log").read_text()
    for stem in (TRAINED, SPECTRA):
        assert (killed.root / f"{stem}.digest.json").read_bytes() == (
            whole.root / f"{stem}.digest.json"
        ).read_bytes()
    assert not list(killed.root.rglob("*.unfinished"))
