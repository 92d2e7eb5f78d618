"""From networks to the verdict and figures on a task that needs features."""

import numpy as np
import pytest
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls

from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.statistics.claims import judge
from widthscope.studies.mup_second_order.features import experiment, figures, fit, plan
from widthscope.studies.mup_second_order.features.claims import CLAIMS
from widthscope.studies.mup_second_order.features.settings import Features
from widthscope.work import Work

SETTINGS = Features(
    widths=(32, 64, 128, 256),
    base=32,
    seeds=5,
    frozen_seeds=4,
    inputs=16,
    train=200,
    test=300,
    steps=50,
    rate=0.125,
)


@pytest.fixture(scope="module")
def stored():
    return {shard.name: experiment.run(shard.settings, {}, Work()) for shard in plan.shards(SETTINGS, seed=7)}


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def estimate(tree, test, part="measured"):
    return float(tree[f"/claims/wider-is-better-kfac/{test}/{part}"]["estimate"][0])


def test_both_parameterisations_are_one_network_at_the_base_width(stored):
    mup, sp = (stored["features"][arm]["test_loss"].sel(width=32).values for arm in fit.ARMS)
    assert np.array_equal(mup, sp)


def test_with_the_readout_alone_no_feature_moves_and_the_difference_is_small(stored, tree):
    for arm in plan.FROZEN:
        table = stored["features"][arm].to_dataset()
        assert (table["dh"].sel(layer=[1, 2]) == 0).all()
        assert (table["df"].isel(step=-1) > 0).all()
    assert abs(estimate(tree, "difference", "control")) < 0.1
    for arm in fit.ARMS:
        whole, alone = (stored["features"][f"{arm}{end}"]["output_at_start"] for end in ("", "-frozen"))
        assert np.array_equal(whole.isel(seed=slice(4)), alone)


def test_wider_networks_are_better_with_the_maximal_update(tree):
    assert estimate(tree, "test-loss") < estimate(tree, "test-loss", "control")
    assert estimate(tree, "difference") < -0.1
    assert abs(estimate(tree, "features")) < 0.125
    assert estimate(tree, "features", "control") < -0.2


def test_the_standard_parameterisation_loses_its_features(tree):
    (verdict,) = judge("s", "1", CLAIMS, tree)
    controls = {test.name: test.control.verdict for test in verdict.tests if test.control}
    assert controls["features"] == "refuted"


def test_differences_are_paired_by_hand(stored, tree):
    shard = stored["features"]
    last = {
        arm: np.log2(shard[arm]["test_loss"].isel(width=-1, lr=0, damping=0, step=-1).values)
        for arm in fit.ARMS
    }
    assert estimate(tree, "difference") == pytest.approx(
        np.mean(last["kfac-mup"] - last["kfac-sp"]), abs=1e-6
    )


def test_the_control_of_every_judged_test_is_there_and_figures_are_drawn(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} <= set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_arms_in_each_others_place_are_refuted(stored):
    """What the rule says of the standard parameterisation in the maximal update's name."""
    swapped = xr.DataTree.from_dict(
        {
            f"/{name}{end}": stored["features"][f"{other}{end}"].to_dataset()
            for name, other in (fit.ARMS, fit.ARMS[::-1])
            for end in ("", "-frozen")
        }
    )
    tree = xr.DataTree.from_dict(fit.fit({"features": swapped}, {}))
    (verdict,) = judge("s", "1", CLAIMS, tree)
    assert {test.name: test.verdict for test in verdict.tests}["difference"] == "refuted"


def test_a_width_that_is_added_is_a_shard_of_its_own():
    before = plan.shards(Features(), 0)
    after = plan.shards(Features(widths=(64, 128, 256, 512, 1024)), 0)
    assert after[:-1] == before
    assert after[-1].name == "features-n1024"


def test_the_smallest_width_must_be_the_base_width():
    wrong = {"run": "a", "studies": {"mup_second_order": {"features": {"widths": [32, 64, 128]}}}}
    with pytest.raises(ConfigError, match="the smallest width, 32, must be the base width, 64"):
        load(wrong, "config.yaml")
