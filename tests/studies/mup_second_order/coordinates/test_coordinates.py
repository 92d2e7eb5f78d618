"""From networks to verdicts and figures of the coordinate checks."""

import numpy as np
import pytest
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls

from widthscope.statistics.claims import judge
from widthscope.studies.mup_second_order.coordinates import experiment, figures, fit, plan
from widthscope.studies.mup_second_order.coordinates.claims import CLAIMS
from widthscope.studies.mup_second_order.coordinates.settings import Coordinates
from widthscope.work import Work

SETTINGS = Coordinates(widths=(32, 64, 128), base=32, seeds=4, steps=5, train=400)


@pytest.fixture(scope="module")
def stored(small_digits):
    shards = plan.shards(SETTINGS, seed=7)
    return {shard.name: experiment.run(shard.settings, {"digits": small_digits}, Work()) for shard in shards}


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def slopes(tree, claim, test, part="measured"):
    table = tree[f"/claims/{claim}/{test}/{part}"].to_dataset()
    return dict(zip(table["component"].values.tolist(), table["estimate"].values, strict=True))


def test_slopes_are_near_zero_in_the_maximal_update_alone(tree):
    for method in fit.JUDGED:
        found = slopes(tree, "coordcheck-train", method)
        assert len(found) == 3
        assert max(abs(slope) for slope in found.values()) < 0.2, found
        rivals = slopes(tree, "coordcheck-train", method, "control")
        assert len(rivals) == (2 if method == "kfac" else 3)
        assert min(abs(slope) for slope in rivals.values()) > 0.125, rivals


def test_the_standard_parameterisation_moves_the_first_layer_less(tree):
    assert max(slopes(tree, "coordcheck-sp-fails", "layer-1").values()) < -0.25
    assert next(iter(slopes(tree, "coordcheck-sp-fails", "output").values())) > 0.2


def test_k_facs_outputs_move_alike_in_the_standard_parameterisation_and_gradient_descents_do_not(tree):
    assert abs(slopes(tree, "coordcheck-sp-fails", "kfac-output")["K-FAC, standard, output"]) < 0.2
    rival = slopes(tree, "coordcheck-sp-fails", "kfac-output", "control")
    assert rival == slopes(tree, "coordcheck-sp-fails", "output")


def test_wrong_dampings_are_among_the_others(tree):
    others = slopes(tree, "coordcheck-train", "others")
    heuristic = others["K-FAC, maximal update, heuristic damping, layer 1"]
    scaled = others["K-FAC, maximal update, absolute damping, layer 1"]
    assert heuristic < -0.3 < abs(scaled) < 0.2


def test_slopes_are_those_of_a_line_by_hand(stored, tree):
    table = stored["coordinates"]["sgd-mup"].to_dataset().isel(lr=0, damping=0, step=-1)
    logs = np.log2(table["dh"].sel(layer=1).transpose("width", "seed").values.astype(float))
    by_hand = [np.polyfit(np.log2(SETTINGS.widths), logs[:, seed], 1)[0] for seed in range(SETTINGS.seeds)]
    found = slopes(tree, "coordcheck-train", "sgd")["gradient descent, maximal update, layer 1"]
    assert found == pytest.approx(np.mean(by_hand), abs=1e-9)


def test_all_arms_are_one_network_at_the_base_width(stored):
    """Except those whose damping is absolute, all of a rule move alike there."""
    tables = {arm: stored["coordinates"][arm].to_dataset().sel(width=32) for arm in ("sgd-mup", "sgd-sp")}
    assert np.array_equal(tables["sgd-mup"]["dh"].values, tables["sgd-sp"]["dh"].values)


def test_judged_tests_have_controls_and_every_figure_is_drawn(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} <= set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_a_member_that_diverged_leaves_its_test_open(stored):
    broken = {name: shard.copy(deep=True) for name, shard in stored.items()}
    broken["coordinates"]["kfac-mup"]["dh"][1, 0, 0, 2] = np.nan
    found = xr.DataTree.from_dict(fit.fit(broken, {}))
    verdicts = {verdict.id: verdict for verdict in judge("s", "1", CLAIMS, found)}
    tests = {test.name: test for test in verdicts["s/coordcheck-train"].tests}
    assert tests["kfac"].verdict == "undecided"


def test_a_width_that_is_added_is_a_shard_of_its_own():
    before = plan.shards(Coordinates(), 0)
    after = plan.shards(Coordinates(widths=(64, 128, 256, 512, 1024)), 0)
    assert after[:-1] == before
    assert after[-1].name == "coordinates-n1024"
