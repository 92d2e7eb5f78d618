"""Wrong input through the front door: one clear sentence, before any work, and nothing half done."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.checkout import SMOKE, Checkout, fresh_checkout

CONFIG = "tests/config.smoke.yaml"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return fresh_checkout(tmp_path_factory.mktemp("bad-input") / "widthscope")


@pytest.fixture
def checkout(untouched: Checkout, tmp_path: Path) -> Checkout:
    return untouched.copy(tmp_path / "widthscope")


WRONG = [
    (
        "widths: [16, 64, 256, 512]",
        "widhts: [16, 64]",
        ["studies.limit_law.convergence.rate.widhts", "widths"],
    ),
    ("seeds: 4", "seeds: four", ["studies.limit_law.convergence.paper_kl.seeds", "four", "whole number"]),
    ("widths: [16, 64, 256, 512]", "widths: [64, 16, 256, 512]", ["convergence.rate.widths", "increas"]),
    ("widths: [16, 64, 256, 512]", "widths: [16, 64, 256, 99999999]", ["widths[3]", "99999999", "2^20"]),
    ("  limit_law:", "  limit_low:", ["studies.limit_low", "limit_law"]),
    ("seed: 0", "seed: 0\nseed: 1", ["seed", "line"]),
    ("device: cpu", "device: tpu", ["device", "tpu", "cuda"]),
]


@pytest.mark.parametrize(("old", "new", "told"), WRONG, ids=[new[:24].strip() for _, new, _ in WRONG])
def test_a_wrong_config_is_one_sentence_before_any_work(
    checkout: Checkout, old: str, new: str, told: list[str]
) -> None:
    checkout.edit(CONFIG, old, new)
    refused = checkout.snakemake()
    assert refused.returncode == 1
    sentence = [line for line in refused.stderr.splitlines() if line.startswith("widthscope: ")]
    assert len(sentence) == 1, refused.stderr
    assert "Traceback" not in refused.stderr
    assert all(word in sentence[0] for word in told), sentence
    assert not (checkout.root / "results").exists()


def test_a_run_folder_of_another_config_is_not_touched(checkout: Checkout) -> None:
    folder = checkout.root / "results/smoke"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"config_file": "config.mine.yaml", "config": {}}))
    refused = checkout.snakemake()
    assert refused.returncode == 1
    assert "config.mine.yaml" in refused.stderr
    assert "config.smoke.yaml" in refused.stderr
    assert [path.name for path in folder.iterdir()] == ["config.json"]


def test_an_unknown_target_names_itself(checkout: Checkout) -> None:
    refused = checkout.snakemake("limit_low")
    assert refused.returncode == 1
    assert "limit_low" in refused.stderr + refused.stdout


def test_a_torn_store_stops_what_reads_it(checkout: Checkout, smoke: Checkout, tmp_path: Path) -> None:
    torn = smoke.copy(tmp_path / "torn")
    chunks = sorted((torn.root / "results/smoke/limit_law/sweep").glob("scores-*.zarr/**/c/*"))
    victim = next(path for path in chunks if path.is_file())
    victim.write_bytes(victim.read_bytes()[:-3])
    for product in ("fit.digest.json", "claims.json", "figures.json"):
        (torn.root / "results/smoke/limit_law" / product).unlink()
    stopped = torn.snakemake("limit_law")
    assert stopped.returncode == 1
    sentence = next(line for line in stopped.stderr.splitlines() if line.startswith("widthscope: "))
    assert victim.parts[victim.parts.index("sweep") + 1] in sentence
    assert not (torn.root / "results/smoke/limit_law/fit.zarr").exists()


def test_a_killed_run_resumes_to_the_same_digests(smoke: Checkout, tmp_path: Path) -> None:
    killed = fresh_checkout(tmp_path / "killed")
    study = ("--quiet", "all", "--", "limit_law")  # all studies would take longer than a test may
    command = [sys.executable, "-m", "snakemake", *SMOKE, *study]
    sweep = killed.root / "results/smoke/limit_law/sweep"
    with subprocess.Popen(
        command, cwd=killed.root, env=killed.environment(), start_new_session=True, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 120
        while not list(sweep.glob("*.digest.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.0)  # into the next shards
        os.killpg(process.pid, signal.SIGKILL)
    finished = {path.name for path in sweep.glob("*.digest.json")}
    whole = {path.name for path in (smoke.root / "results/smoke/limit_law/sweep").glob("*.digest.json")}
    assert finished
    assert finished < whole
    killed.command("snakemake", "--unlock", "--configfile", CONFIG)
    resumed = killed.snakemake(*study)
    assert resumed.returncode == 0, resumed.stderr
    for digest in sorted(smoke.root.glob("results/smoke/limit_law/**/*.digest.json")):
        assert (killed.root / digest.relative_to(smoke.root)).read_bytes() == digest.read_bytes(), digest.name


def test_results_that_cannot_be_a_folder_are_one_sentence(checkout: Checkout) -> None:
    (checkout.root / "results").write_text("a file where the folder should be")
    refused = checkout.snakemake()
    assert refused.returncode == 1
    assert "widthscope: results go to a folder, and results is a file" in refused.stderr
    assert (checkout.root / "results").read_text() == "a file where the folder should be"
