"""A study from the template, run by Snakemake, and the commands on its results, each in a fresh process."""

import shutil
from pathlib import Path

import pytest
from tests.checkout import Checkout, fresh_checkout

RESULTS = Path("results/smoke")
STUDY = RESULTS / "wide_norms"
PRODUCTS = [
    RESULTS / "config.json",
    STUDY / "sweep/variance.digest.json",
    STUDY / "fit.digest.json",
    STUDY / "claims.json",
    STUDY / "figures.json",
    RESULTS / "report/index.html",
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with a finished run of nothing but a new study; tests must not change it."""
    checkout = fresh_checkout(tmp_path_factory.mktemp("new-study") / "widthscope")
    config = checkout.root / "tests/config.smoke.yaml"
    config.write_text("run: smoke\n# what is run\nstudies:\n")
    new = checkout.widthscope("new-study", "wide_norms", "--configfile", "tests/config.smoke.yaml")
    assert new.returncode == 0, new.stderr
    assert config.read_text() == "run: smoke\n# what is run\nstudies:\n  wide_norms: {}\n"
    config.write_text(config.read_text().replace("{}", "{widths: [4, 8, 16], draws: 1000}"))
    done = checkout.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout


@pytest.fixture
def copy(made: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the run, times and Snakemake's memory included, to be changed."""
    return made.copy(tmp_path / "widthscope")


def flip_a_byte(store: Path) -> None:
    chunk = next(path for path in sorted(store.rglob("*")) if path.is_file() and "/c/" in path.as_posix())
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)


def test_a_new_study_is_made_judged_and_stands(made: Checkout) -> None:
    verified = made.widthscope("verify", str(RESULTS))
    assert verified.stdout.splitlines() == [*(f"ok       {product}" for product in PRODUCTS), "6 ok"]
    assert verified.returncode == 0
    explained = made.widthscope("explain", str(PRODUCTS[-1]))
    assert (explained.returncode, explained.stdout) == (0, f"{PRODUCTS[-1]} is up to date\n")
    assert made.scheduled() == set()


def test_explain_agrees_with_a_dry_run(copy: Checkout) -> None:
    copy.edit("src/widthscope/studies/wide_norms/theory.py", "return 2 / width", "return 2.0 / width")
    explained = copy.widthscope("explain", str(STUDY / "claims.json"))
    assert explained.returncode == 1
    assert explained.stdout.splitlines() == [
        f"{STUDY}/claims.json would be redone (judge_claims):",
        f"  {STUDY}/fit.digest.json would be redone first (fit_limits):",
        "    - source widthscope.studies.wide_norms.theory changed: variance",
    ]
    assert copy.scheduled() == {"fit_limits", "judge_claims", "draw_figures", "build_report"}


def test_a_flipped_byte_is_found_and_made_good(copy: Checkout, made: Checkout) -> None:
    flip_a_byte(copy.root / STUDY / "sweep/variance.zarr")
    verified = copy.widthscope("verify", str(RESULTS))
    assert verified.returncode == 1
    assert f"altered  {PRODUCTS[1]}" in verified.stdout
    assert "1 ok, 4 stale, 1 altered" in verified.stdout
    adopted = copy.widthscope("verify", str(RESULTS), "--adopt")
    assert adopted.returncode == 0, adopted.stderr
    assert f"withdrawn: {PRODUCTS[1]}" in adopted.stdout
    again = copy.snakemake()
    assert again.returncode == 0, again.stdout + again.stderr
    assert copy.widthscope("verify", str(RESULTS)).returncode == 0
    same = copy.widthscope("compare", str(RESULTS), str(made.root / RESULTS))
    assert (same.returncode, same.stdout.splitlines()[-1]) == (0, "the runs are identical")


@pytest.fixture
def forgotten(made: Checkout, tmp_path: Path) -> Checkout:
    """The results in a fresh checkout: without Snakemake's memory, and with times that mean nothing."""
    elsewhere = tmp_path / "elsewhere"
    forget = shutil.ignore_patterns(".snakemake", ".widthscope_cache")
    shutil.copytree(made.root, elsewhere, ignore=forget, copy_function=shutil.copyfile)
    (elsewhere / PRODUCTS[1]).touch()
    return Checkout(elsewhere)


def test_copied_results_are_adopted_and_not_made_again(forgotten: Checkout) -> None:
    assert "fit_limits" in forgotten.scheduled()
    adopted = forgotten.widthscope("verify", str(RESULTS), "--adopt")
    assert "adopted: 6 products" in adopted.stdout, adopted.stderr
    assert forgotten.scheduled() == set()
    forgotten.edit("tests/config.smoke.yaml", "draws: 1000", "draws: 1001")
    assert "sweep_widths:variance" in forgotten.scheduled()


def test_a_change_that_snakemake_cannot_see_is_all_that_is_made_again(forgotten: Checkout) -> None:
    forgotten.append("src/widthscope/studies/wide_norms/claims.py", "\nEDITED = 1\n")
    told = forgotten.widthscope("verify", str(RESULTS))
    assert told.returncode == 1
    assert f"stale    {STUDY}/claims.json" in told.stdout
    assert "widthscope.studies.wide_norms.claims" in told.stdout
    adopted = forgotten.widthscope("verify", str(RESULTS), "--adopt")
    assert adopted.returncode == 0, adopted.stderr
    assert forgotten.scheduled() == {"judge_claims", "build_report"}
    assert forgotten.snakemake("--quiet", "all").returncode == 0
    assert forgotten.widthscope("verify", str(RESULTS)).returncode == 0


def test_another_seed_parts_at_the_sweep_and_agrees_within_intervals(copy: Checkout, made: Checkout) -> None:
    copy.edit("tests/config.smoke.yaml", "run: smoke", "run: smoke\nseed: 1")
    again = copy.snakemake("--", str(STUDY / "claims.json"), str(STUDY / "figures.json"))
    assert again.returncode == 0, again.stdout + again.stderr
    compared = copy.widthscope("compare", str(made.root / RESULTS), str(RESULTS))
    lines = compared.stdout.splitlines()
    assert lines[0] == "within intervals wide_norms/sweep/variance.digest.json"
    assert "the runs part at stage 'sweep', first in wide_norms/sweep/variance.digest.json" in lines
    assert "  setting shard.seed: 0 and 1" in lines
    assert compared.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (f"explain {STUDY}/fits.zarr", f"no job of run 'smoke' makes {STUDY}/fits.zarr; did you mean "),
        (f"compare {RESULTS} results/paper", "there is no run folder results/paper"),
        ("new-study other --configfile none.yaml", "none.yaml cannot be read: No such file or directory"),
        ("new-study wide_norms", "there is a study 'wide_norms' already, in "),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(made: Checkout, arguments: str, sentence: str) -> None:
    answer = made.widthscope(*arguments.split())
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr.startswith(f"widthscope: {sentence}")
    assert answer.stderr.count("\n") == 1
    assert not (made.root / "src/widthscope/studies/other").exists()
