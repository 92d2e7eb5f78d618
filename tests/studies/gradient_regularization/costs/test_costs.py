"""Costs of a step: what is stored, the verdicts and their controls, and settings that are refused."""

import pytest
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.content import flatten
from widthscope.statistics.claims import judge
from widthscope.studies.gradient_regularization.costs import experiment, figures, fit, plan
from widthscope.studies.gradient_regularization.costs.claims import CLAIMS
from widthscope.studies.gradient_regularization.costs.settings import Costs
from widthscope.work import Work

SETTINGS = Costs(depths=(2, 3, 5), width=32, batch=16)


@pytest.fixture(scope="module")
def stored() -> dict[str, xr.DataTree]:
    (shard,) = plan.shards(SETTINGS, seed=103)
    return {shard.name: experiment.run(shard.settings, {}, Work())}


@pytest.fixture(scope="module")
def tree(stored: dict[str, xr.DataTree]) -> xr.DataTree:
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_every_way_is_counted_at_every_depth(stored: dict[str, xr.DataTree]) -> None:
    steps = stored["costs"]["steps"]
    assert steps["products"].sel(way="double", activation="tanh").values.tolist() == [13, 22, 40]
    assert steps["products"].sel(way="forward", activation="relu").values.tolist() == [10, 16, 28]
    # Two layers, by hand: forward 2, signals 1, weights 2 products of 16 x 32 x 32 or 16 x 32 x 10.
    first, last = 16 * 32 * 32, 16 * 32 * 10
    one = steps["multiplications"].sel(way="gradient", activation="relu", layers=2)
    assert int(one) == 2 * first + 3 * last


def test_bytes_of_a_gradient_by_hand(stored: dict[str, xr.DataTree]) -> None:
    """Two layers: images, hidden values, the last weights, log-probabilities and labels, of 4 and 8 bytes."""
    kept = stored["costs"]["steps"]["bytes"].sel(way="gradient", activation="tanh", layers=2)
    assert int(kept) == 4 * (16 * 32 + 16 * 32 + 32 * 10 + 16 * 10) + 8 * 16


def test_a_difference_keeps_what_a_gradient_keeps(stored: dict[str, xr.DataTree]) -> None:
    kept = stored["costs"]["steps"]["bytes"]
    for way in ("forward", "backward"):
        assert (kept.sel(way=way).values == kept.sel(way="gradient").values).all()


def test_both_claims_are_supported_and_controls_refuted(tree: xr.DataTree) -> None:
    assert_only_controls_are_refuted("gradient_regularization", "2210.02720", CLAIMS, tree)
    assert_judged_tests_have_controls(CLAIMS, tree)
    verdicts = judge("gradient_regularization", "2210.02720", CLAIMS, tree)
    assert [verdict.verdict for verdict in verdicts] == ["supported", "supported"]


def test_one_product_more_refutes_the_count(stored: dict[str, xr.DataTree]) -> None:
    steps = stored["costs"]["steps"].to_dataset().copy(deep=True)
    steps["products"].loc[{"way": "double", "activation": "relu", "layers": 5}] += 1
    found = fit.fit({"costs": xr.DataTree.from_dict({"steps": steps})}, {})
    verdict = judge("gradient_regularization", "2210.02720", CLAIMS, xr.DataTree.from_dict(found))[0]
    assert verdict.verdict == "refuted"
    assert "double backpropagation, relu, L=5" in verdict.reason


def test_the_ratio_of_multiplications_of_the_specification() -> None:
    """1.01, 1.30, 1.38 at 2, 3 and 4 layers of width 512 with ten classes."""
    steps = experiment.run(
        {"depths": [2, 3, 4], "width": 512, "batch": 4, "activations": ["relu"], "seed": 1}, {}, Work()
    )["steps"].to_dataset()
    found = fit.ratios(steps, "multiplications", "double", "forward")["estimate"].values
    assert found == pytest.approx([1.014, 1.302, 1.376], abs=1e-3)


def test_names_in_the_store_have_no_blanks_and_figures_are_drawn(
    stored: dict[str, xr.DataTree], tree: xr.DataTree
) -> None:
    assert all(" " not in name for name in flatten(stored["costs"]).variables)
    assert flatten(tree).variables
    (drawing,) = figures.draw(tree).values()
    assert "40" in drawing.caption
    assert "width 32 on 16 examples" in drawing.caption


def test_depths_are_at_least_two() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        Costs(depths=(1, 2, 3))


def test_matrices_that_no_machine_holds_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"are 1.7e\+10 numbers, and at most 2.7e\+08 fit"):
        Costs(depths=(2, 3, 128), width=8192, batch=8192)
