"""From small draws to verdicts and figures; the plan and what the settings refuse."""

import importlib

import numpy as np
import pytest
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.statistics.claims import judge
from widthscope.studies.jacobian_dynamics.normalisation import figures, fit, gap, plan
from widthscope.studies.jacobian_dynamics.normalisation.claims import CLAIMS
from widthscope.studies.jacobian_dynamics.normalisation.settings import (
    Bound,
    Critical,
    Gap,
    Growth,
    Normalisation,
    Rotation,
    TokenCount,
)
from widthscope.work import Work

SETTINGS = Normalisation(
    bound=Bound(width=8, tokens=4, draws=100),
    rotation=Rotation(widths=(2, 6), angles=(0.5, 2.0), draws=20),
    token_count=TokenCount(width=24, heads=1, tokens=(4, 8, 16), seeds=12),
    gap=Gap(widths=(16, 32, 64), steps=(4, 8), tokens=(8,), step_sizes=(0.5, 1.0), seeds=40),
    growth=Growth(widths=(16, 32, 64), heads=1, kappas=(0.5, 2.0), seeds=40),
    critical=Critical(
        widths=(16, 32, 64), kappas=(0.0, 2.0), warm_up=60, frame_warm_up=40, steps=60, seeds=24
    ),
)

SMALL = Normalisation(
    bound=Bound(draws=40),
    rotation=Rotation(widths=(2, 6), angles=(0.5, 2.0), draws=20),
    token_count=TokenCount(width=16, tokens=(4, 8, 16), seeds=12),
    gap=Gap(widths=(16, 24, 32), steps=(8,), tokens=(8,), step_sizes=(1.0,), seeds=12),
    growth=Growth(widths=(16, 24, 32), kappas=(2.0,), seeds=12),
    critical=Critical(
        widths=(16, 24, 32), kappas=(0.0, 2.0), tokens=8, warm_up=30, frame_warm_up=20, steps=20, seeds=12
    ),
)


def ran(settings, seed=0):
    stored = {}
    for shard in plan.shards(settings, seed):
        experiment = importlib.import_module(f"widthscope.studies.jacobian_dynamics.{shard.entry}")
        found = experiment.run(shard.settings, {}, Work())
        stored[shard.name] = found if isinstance(found, xr.DataTree) else xr.DataTree(found)
    return stored


@pytest.fixture(scope="module")
def stored():
    return ran(SETTINGS)


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_every_control_is_refuted_and_nothing_else_is(tree):
    assert_only_controls_are_refuted("jacobian_dynamics", "2505.19458", CLAIMS, tree)


def test_every_judged_test_has_a_control(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)


def test_figures_are_drawn_for_every_claim(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt
        assert drawing.caption.count("$") % 2 == 0


def test_captions_take_the_numbers_of_the_claims(tree):
    captions = {name: drawing.caption for name, drawing in figures.draw(tree).items()}
    paired = tree["/claims/norm-critical-drive/paired/measured"].to_dataset()["estimate"].values
    assert f"at most {np.abs(paired).max():.1g} " in captions["critical-drive"]
    bound = tree["/claims/norm-jacobian-bound/bound/measured"].to_dataset()["estimate"].values
    assert f"(largest ratio {bound.max():.2f})" in captions["jacobian-bound"]


def test_shorter_tokens_are_shown_beside_one_over_their_length(tree):
    shown = tree["/claims/norm-token-count/shorter-tokens/measured"].to_dataset()
    judged = tree["/claims/norm-token-count/ratio/measured"].to_dataset()
    assert shown["prediction"].values == pytest.approx([24**-0.5] * 3 + [0.01] * 3)
    assert np.array_equal(shown["estimate"].values[3:], judged["estimate"].values)


def test_widths_may_come_from_shards_of_their_own(stored, tree):
    whole = stored["normalisation-gap"].to_dataset()
    split = {name: shard for name, shard in stored.items() if name != "normalisation-gap"}
    for width in whole["width"].values[::-1]:
        split[f"normalisation-gap-d{width}"] = xr.DataTree(whole.sel(width=[width]))
    rejoined = xr.DataTree.from_dict(fit.fit(split, {}))
    xr.testing.assert_identical(rejoined["/curves/gap"].to_dataset(), tree["/curves/gap"].to_dataset())


def test_a_width_alone_gives_the_numbers_that_it_gives_among_others(stored):
    settings = next(shard for shard in plan.shards(SETTINGS, 0) if shard.name == "normalisation-gap").settings
    alone = gap.run({**settings, "widths": [16]}, {}, Work())
    xr.testing.assert_identical(alone, stored["normalisation-gap"].to_dataset().sel(width=[16]))


def test_a_small_run_is_one_job_with_the_same_claims_and_figures(tree):
    small = xr.DataTree.from_dict(fit.fit(ran(SMALL), {}))
    assert set(small.groups) == set(tree.groups)
    assert len(judge("jacobian_dynamics", "2505.19458", CLAIMS, small)) == len(CLAIMS)
    assert set(figures.draw(small)) == set(figures.draw(tree))


def test_cells_vary_one_thing_at_a_time():
    settings = Gap(steps=(2, 8), tokens=(4, 8), step_sizes=(0.5, 1.0)).model_dump()
    assert gap.cells(settings) == [(2, 8, 1.0), (8, 8, 1.0), (8, 4, 1.0), (8, 8, 0.5)]


def test_large_sweeps_are_split_by_width():
    names = [shard.name for shard in plan.shards(Normalisation(), 0)]
    assert names == ["normalisation-identities", "normalisation-gap", "normalisation-critical"]
    assert [shard.name for shard in plan.shards(SMALL, 0)] == ["normalisation"]
    large = Normalisation(
        gap=Gap(widths=(64, 256, 1024)),
        growth=Growth(widths=(64, 256, 2048)),
        critical=Critical(widths=(64, 256, 1024)),
    )
    shards = {shard.name: shard for shard in plan.shards(large, 0)}
    assert set(shards) == {
        "normalisation-identities",
        *(f"normalisation-gap-d{width}" for width in (64, 256, 1024)),
        *(f"normalisation-growth-d{width}" for width in (64, 256, 2048)),
        *(f"normalisation-critical-d{width}" for width in (64, 256, 1024)),
    }
    assert "growth" not in shards["normalisation-identities"].settings
    assert shards["normalisation-gap-d256"].settings["widths"] == [256]


@pytest.mark.parametrize(
    "normalisation",
    [
        {"gap": {"base": [9, 8, 1.0]}},
        {"gap": {"seeds": 4}},
        {"growth": {"heads": 3}},
        {"bound": {"heads": 5}},
        {"token_count": {"heads": 7}},
        {"critical": {"kappas": [0.5, 2.0]}},
        {"critical": {"kappas": [0.0, 1.0]}},
        {"rotation": {"widths": [3]}},
    ],
)
def test_what_makes_no_sense_is_refused(normalisation):
    with pytest.raises(ConfigError, match=r"normalisation"):
        load({"run": "a", "studies": {"jacobian_dynamics": {"normalisation": normalisation}}}, "config.yaml")
