"""From settings to figures at the smallest sizes, for both families: everything that a claim names exists."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import xarray as xr

from widthscope.statistics.claims import judge
from widthscope.studies.base import SHARD_SECONDS
from widthscope.studies.limit_law.about import ABOUT
from widthscope.studies.limit_law.convergence import claims as convergence_claims
from widthscope.studies.limit_law.convergence import figures as convergence_figures
from widthscope.studies.limit_law.convergence import fit as convergence_fit
from widthscope.studies.limit_law.convergence import plan as convergence_plan
from widthscope.studies.limit_law.convergence.settings import Convergence
from widthscope.studies.limit_law.scores import claims as scores_claims
from widthscope.studies.limit_law.scores import figures as scores_figures
from widthscope.studies.limit_law.scores import fit as scores_fit
from widthscope.studies.limit_law.scores import plan as scores_plan
from widthscope.studies.limit_law.scores.settings import Scores
from widthscope.work import Work

CLAIMS = (*scores_claims.CLAIMS, *convergence_claims.CLAIMS)
ROOM = "widthscope.studies.limit_law"


def small_shards():
    scores = Scores.model_validate(
        {
            "sampler": {"draws": 20_000},
            "score_law": {"widths": [16], "draws": 20_000},
            "wrong_scaling": {"widths": [16, 64, 256], "draws": 20_000},
        }
    )
    convergence = Convergence.model_validate(
        {
            "rate": {"widths": [32, 64, 128, 256], "batches": 8, "draws": 100, "frequencies": 32},
            "one_dimension": {
                "heads": [1], "widths": [128, 256, 512, 1024], "drawn_widths": [64],
                "batches": 8, "draws": 100,
            },
            "paper_kl": {"widths": [16, 64], "draws": 2_000, "seeds": 4},
            "likelihood_ratio": {"mixture": 1_000, "held_out": 100, "coordinates": [1, 4]},
        }
    )  # fmt: skip
    return [*scores_plan.shards(scores, 0), *convergence_plan.shards(convergence, 0)]


@pytest.fixture(scope="module")
def fitted():
    shards = {
        shard.name: xr.DataTree(import_module(f"{ROOM}.{shard.entry}").run(shard.settings, {}, Work()))
        for shard in small_shards()
    }
    return xr.DataTree.from_dict({**scores_fit.fit(shards, {}), **convergence_fit.fit(shards, {})})


def test_every_claim_is_judged(fitted):
    verdicts = judge("limit_law", ABOUT.arxiv, CLAIMS, fitted)
    assert [verdict.id for verdict in verdicts] == [
        f"limit_law/{name}"
        for name in (
            "exact-sampler", "score-covariance", "score-gaussian", "wrong-scaling", "output-rate", "plateau",
            "output-1d-rate", "paper-kl", "likelihood-ratio",
        )
    ]  # fmt: skip
    assert not [verdict.id for verdict in verdicts if verdict.verdict == "refuted"]
    for verdict in verdicts:
        assert verdict.control is not None
        assert verdict.margin_reason


def test_every_claim_has_its_figure(fitted):
    drawings = {**scores_figures.draw(fitted), **convergence_figures.draw(fitted)}
    assert {claim.figure for claim in CLAIMS} <= set(drawings)
    for drawing in drawings.values():
        assert len(drawing.caption) > 80
        assert len(drawing.alt) > 80
        drawing.figure.canvas.draw()


def test_shards_that_a_claim_costs_exist():
    from fnmatch import fnmatch

    names = [shard.name for shard in small_shards()]
    for claim in CLAIMS:
        for pattern in claim.shards:
            assert any(fnmatch(name, pattern) for name in names), pattern


def test_laptop_shards_fit_the_budget():
    shards = [*scores_plan.shards(Scores(), 0), *convergence_plan.shards(Convergence(), 0)]
    assert len({shard.name for shard in shards}) == len(shards)
    assert sum(shard.cost.seconds for shard in shards) < 160
    assert all(shard.cost.seconds < 60 for shard in shards)


def test_long_sweeps_are_split_by_width_and_short_ones_are_not():
    long = Convergence.model_validate({"rate": {"heads": [2, 4], "draws": 1_000_000}})
    shards = [s for s in convergence_plan.shards(long, 0) if s.entry == "convergence.experiment"]
    assert "convergence-fixed-h4-n512" in {shard.name for shard in shards}
    assert all(len(shard.settings["widths"]) == 1 for shard in shards)
    short = [s for s in convergence_plan.shards(Convergence(), 0) if s.entry == "convergence.experiment"]
    assert [shard.name for shard in short] == [f"convergence-{law}-h2" for law in ("fixed", "clip", "relu")]
    assert all(shard.cost.seconds < SHARD_SECONDS for shard in short)


def test_shards_carry_only_what_their_experiment_reads():
    for shard in small_shards():
        module = import_module(f"{ROOM}.{shard.entry}")
        text = Path(module.__file__).read_text(encoding="utf-8")
        assert all(f'settings["{key}"]' in text or f'"{key}"' in text for key in shard.settings), shard.name


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        (("scores.plan", "convergence.plan", "about"), ("torch", "xarray", "pandas", "scipy")),
        (("scores.fit", "convergence.fit", "scores.claims", "convergence.claims"), ("torch", "matplotlib")),
        (("scores.figures", "convergence.figures"), ("torch", "widthscope.attention")),
        (("scores.sampler", "convergence.experiment"), ("matplotlib", "seaborn")),
    ],
)
def test_stages_do_not_load_each_others_weight(modules, absent):
    code = "import sys\n" + "".join(f"import {ROOM}.{name}\n" for name in modules)
    code += f"print([name for name in {absent!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
