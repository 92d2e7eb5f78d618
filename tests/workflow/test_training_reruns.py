"""A study that trains and has spectra: what is done again after a change, and what never is."""

from pathlib import Path

import pytest
from tests.checkout import Checkout, descent_checkout

STUDY = "src/widthscope/studies/descent"
CONFIG = "tests/config.smoke.yaml"
WIDTHS = "studies: {descent: {training: {widths: [4, 8]}}}\n"
BOTH = ("training-w4", "training-w8")
STORED = [(stage, shard) for stage in ("sweep", "spectra") for shard in BOTH]
AFTER_FIT = {"judge_claims", "draw_figures", "build_report"}
SPECTRA = {f"analyse_spectra:{shard}" for shard in BOTH}
TRAINING = {f"sweep_widths:{shard}" for shard in BOTH}
AFTER_SPECTRA = {"fit_limits"} | AFTER_FIT


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with a finished run of the made study; tests must not change it."""
    checkout = descent_checkout(tmp_path_factory.mktemp("descent") / "widthscope", WIDTHS)
    done = checkout.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout


@pytest.fixture
def copy(trained: Checkout, tmp_path: Path) -> Checkout:
    return trained.copy(tmp_path / "widthscope")


def test_nothing_is_left_to_do_and_nothing_unfinished_is_left(trained: Checkout) -> None:
    assert trained.scheduled() == set()
    assert not list((trained.root / "results").rglob("*unfinished*"))
    verified = trained.widthscope("verify", "results/smoke")
    assert verified.returncode == 0, verified.stdout
    assert "ok       results/smoke/descent/spectra/training-w4.digest.json" in verified.stdout


@pytest.mark.parametrize("module", ["spectra.py", "moments.py"])
def test_the_spectral_code_redoes_spectra_and_trains_nothing(copy: Checkout, module: str) -> None:
    copy.append(f"{STUDY}/{module}", "\nEDITED = 1\n")
    assert copy.scheduled() == SPECTRA | AFTER_SPECTRA


def test_the_training_loop_trains_again(copy: Checkout) -> None:
    copy.append(f"{STUDY}/loop.py", "\nEDITED = 1\n")
    assert copy.scheduled() == TRAINING | SPECTRA | AFTER_SPECTRA


def test_a_setting_of_the_spectra_trains_nothing(copy: Checkout) -> None:
    copy.edit(CONFIG, "{training:", "{spectra: {power: 4}, training:")
    assert copy.scheduled() == SPECTRA | AFTER_SPECTRA | {"record_config"}


def test_another_width_trains_that_width_alone(copy: Checkout) -> None:
    stored = [copy.root / f"results/smoke/descent/{stage}/{shard}.digest.json" for stage, shard in STORED]
    before = [path.read_bytes() for path in stored]
    copy.edit(CONFIG, "[4, 8]", "[4, 8, 16]")
    added = {"sweep_widths:training-w16", "analyse_spectra:training-w16"}
    assert copy.scheduled() == added | AFTER_SPECTRA | {"record_config"}
    assert copy.snakemake("--quiet", "all").returncode == 0
    assert [path.read_bytes() for path in stored] == before


def test_the_fit_alone_reads_what_is_stored(copy: Checkout) -> None:
    copy.append(f"{STUDY}/fit.py", "\nEDITED = 1\n")
    assert copy.scheduled() == AFTER_SPECTRA
