"""From small widths to verdicts and figures of one update."""

import pytest
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.statistics.claims import judge
from widthscope.studies.mup_second_order.onestep import experiment, figures, fit, plan
from widthscope.studies.mup_second_order.onestep.claims import CLAIMS
from widthscope.studies.mup_second_order.onestep.settings import Onestep
from widthscope.work import Work

SETTINGS = Onestep(widths=(128, 256, 512), seeds=10)


@pytest.fixture(scope="module")
def stored(small_digits):
    (shard,) = plan.shards(SETTINGS, seed=4)
    found = experiment.run(shard.settings, {"digits": small_digits}, Work())
    return {shard.name: xr.DataTree(found)}


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_every_control_is_refuted_and_nothing_else_is(tree):
    assert_only_controls_are_refuted("mup_second_order", "2312.12226", CLAIMS, tree)
    assert_judged_tests_have_controls(CLAIMS, tree)


def test_every_component_of_every_control_is_refuted_by_itself(tree):
    """So that no wrong exponent hides behind another one."""
    for verdict in judge("mup_second_order", "2312.12226", CLAIMS, tree):
        for test in verdict.tests:
            if test.control is not None:
                assert test.control.reason.startswith(f"{len(test.control.components)} of "), (
                    verdict.id,
                    test.control.reason,
                )


def test_outputs_that_start_large_move_the_slopes(tree):
    """Trap 1: the residual then falls with the width, and rates that transfer look as if they did not."""
    table = tree["/claims/onestep-exponents/large-outputs/measured"].to_dataset()
    slopes = dict(zip(table["component"].values.tolist(), table["estimate"].values, strict=True))
    assert all(slopes[f"{method} mup, large f(0): h2"] < -0.15 for method in ("SGD", "FOOF"))
    assert slopes["K-FAC mup, large f(0): h2"] > 0.15


def test_a_member_that_was_not_measured_leaves_the_claims_open(stored):
    broken = {name: tree.copy(deep=True) for name, tree in stored.items()}
    broken["onestep"]["change"][:, 0, 0, :] = float("nan")
    found = xr.DataTree.from_dict(fit.fit(broken, {}))
    verdicts = judge("mup_second_order", "2312.12226", CLAIMS, found)
    assert {verdict.verdict for verdict in verdicts} == {"undecided"}


def test_figures_are_drawn_for_every_claim(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_a_long_plan_has_a_shard_for_each_width_and_the_fit_joins_them(stored):
    shards = plan.shards(Onestep(widths=(512, 1024, 16384), seeds=60), 0)
    assert [shard.name for shard in shards] == ["onestep-n512", "onestep-n1024", "onestep-n16384"]
    whole = stored["onestep"].to_dataset()
    parts = {f"onestep-n{width}": xr.DataTree(whole.sel(width=[width])) for width in whole["width"].values}
    for path, table in fit.fit(parts, {}).items():
        xr.testing.assert_allclose(table, fit.fit(stored, {})[path])


@pytest.mark.parametrize(
    "wrong", [{"widths": [64, 128, 256]}, {"widths": [256, 512]}, {"seeds": 1}, {"damping": 0.0}]
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ConfigError, match="onestep"):
        load({"run": "a", "studies": {"mup_second_order": {"onestep": wrong}}}, "config.yaml")
