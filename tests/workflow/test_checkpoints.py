"""Users' checkpoints through the whole workflow: one that can be read, and one that cannot."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tests.checkout import Checkout, descent_checkout

from widthscope import store

CONFIG = """studies: {descent: {training: {widths: [4], steps: 2}}}
checkpoints:
  - {name: small.gpt2, path: models/small.safetensors, heads: 4}
  - {name: torn, path: models/torn.safetensors, heads: 4}
"""
RESULTS = Path("results/smoke/checkpoints")
BOTH = {"small.gpt2", "torn"}


def write_model(path: Path, layers: int = 2, width: int = 32) -> None:
    """Weights named and shaped as GPT-2's."""
    random = np.random.default_rng(3)
    shapes = {
        "c_attn.weight": (width, 3 * width),
        "c_attn.bias": (3 * width,),
        "c_proj.weight": (width, width),
    }
    tensors = {
        f"h.{layer}.attn.{name}": random.normal(0, 0.2, size).astype(np.float32)
        for layer in range(layers)
        for name, size in shapes.items()
    }
    path.parent.mkdir(exist_ok=True)
    save_file(tensors, path)


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with a finished run; tests must not change it."""
    checkout = descent_checkout(tmp_path_factory.mktemp("checkpoints") / "widthscope", CONFIG)
    models = checkout.root / "models"
    write_model(models / "small.safetensors")
    (models / "torn.safetensors").write_bytes((models / "small.safetensors").read_bytes()[:5000])
    done = checkout.snakemake("--quiet", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "widthscope: checkpoint torn could not be analysed: " in done.stdout + done.stderr
    return checkout


def test_a_checkpoint_has_its_table_and_its_figures(analysed: Checkout) -> None:
    stem = analysed.root / RESULTS / "small.gpt2"
    table = store.read(f"{stem}.zarr", f"{stem}.digest.json").to_dataset()
    assert {"layer": 2, "head": 4, "eigenvalue": 8}.items() <= dict(table.sizes).items()
    drawn = json.loads(Path(f"{stem}.figures.json").read_text())
    assert drawn
    assert all(Path(f"{stem}.figures/{figure['name']}.svg").is_file() for figure in drawn)


def test_one_that_cannot_be_read_is_told_in_the_report_and_stops_nothing(analysed: Checkout) -> None:
    stem = analysed.root / RESULTS / "torn"
    failure = store.read(f"{stem}.zarr", f"{stem}.digest.json").attrs["failure"]
    assert "torn.safetensors" in failure
    assert "\n" not in failure
    assert json.loads(Path(f"{stem}.figures.json").read_text()) == []
    log = Path(f"{stem}.log").read_text()
    assert f"widthscope: checkpoint torn could not be analysed: {failure}\n" in log
    page = (analysed.root / "results/smoke/report/index.html").read_text()
    assert "small.gpt2" in page
    assert failure[1:].partition(":")[0] in page
    claims = json.loads((analysed.root / "results/smoke/claims.json").read_text())
    assert [claim["id"] for claim in claims] == ["descent/settles"]


def test_nothing_is_left_to_do_and_everything_stands(analysed: Checkout) -> None:
    assert analysed.scheduled() == set()
    verified = analysed.widthscope("verify", "results/smoke")
    assert verified.returncode == 0, verified.stdout
    for name in BOTH:
        assert f"ok       {RESULTS}/{name}.digest.json" in verified.stdout
        assert f"ok       {RESULTS}/{name}.figures.json" in verified.stdout


def test_a_model_that_changes_is_analysed_again_and_no_other(analysed: Checkout, tmp_path: Path) -> None:
    copy = analysed.copy(tmp_path / "widthscope")
    assert copy.scheduled() == set()
    write_model(copy.root / "models/torn.safetensors", layers=1)
    assert copy.scheduled() == {"analyse_checkpoint:torn", "draw_checkpoint:torn", "build_report"}
    told = copy.widthscope("explain", f"{RESULTS}/torn.digest.json").stdout
    assert "setting stamp changed" in told


def test_a_model_that_vanishes_before_its_job_is_no_result(analysed: Checkout, tmp_path: Path) -> None:
    copy = analysed.copy(tmp_path / "widthscope")
    write_model(copy.root / "models/small.safetensors", layers=1)
    # As if it were moved away between planning and the job.
    copy.edit(
        "scripts/analyse_checkpoint.py",
        "    planned = run",
        "    path.unlink()\n    planned = run",
    )
    failed = copy.snakemake("--quiet", "--", f"{RESULTS}/small.gpt2.digest.json")
    assert failed.returncode != 0
    assert "small.safetensors vanished after the job was planned" in failed.stdout + failed.stderr
    assert not (copy.root / RESULTS / "small.gpt2.digest.json").exists()


def test_the_figures_of_checkpoints_are_drawn_again_without_an_analysis(
    analysed: Checkout, tmp_path: Path
) -> None:
    copy = analysed.copy(tmp_path / "widthscope")
    copy.append("src/widthscope/checkpoints/figures.py", "\nEDITED = 1\n")
    assert copy.scheduled() == {*(f"draw_checkpoint:{name}" for name in BOTH), "build_report"}


def test_a_model_that_is_taken_out_leaves_the_report_alone_behind(analysed: Checkout, tmp_path: Path) -> None:
    copy = analysed.copy(tmp_path / "widthscope")
    copy.edit("tests/config.smoke.yaml", "  - {name: torn, path: models/torn.safetensors, heads: 4}\n", "")
    assert copy.scheduled() == {"record_config", "build_report"}


def test_checkpoints_without_studies_are_a_run(analysed: Checkout, tmp_path: Path) -> None:
    copy = analysed.copy(tmp_path / "widthscope")
    copy.edit("tests/config.smoke.yaml", "{descent: {training: {widths: [4], steps: 2}}}", "{}")
    done = copy.snakemake("--quiet", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((copy.root / "results/smoke/claims.json").read_text()) == []
    assert "What query-key weights say" in (copy.root / "results/smoke/report/index.html").read_text()
    (copy.root / "tests/config.smoke.yaml").write_text("run: smoke\nstudies:\n")
    refused = copy.snakemake("--quiet", "all")
    assert refused.returncode != 0
    assert "studies and checkpoints are both empty: a run needs" in refused.stdout + refused.stderr
