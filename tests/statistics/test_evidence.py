from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from widthscope.statistics.distances import dkw_half_width
from widthscope.statistics.evidence import claim_tree, evidence, law_evidence, of_counts, of_estimates
from widthscope.statistics.intervals import Estimate
from widthscope.statistics.judgement import Columns


def test_numbers_broadcast_over_components() -> None:
    table = evidence(["n=16", "n=64"], [1.0, 2.0], 0.1, prediction=1.5, n=1000)
    assert list(table["component"].values) == ["n=16", "n=64"]
    np.testing.assert_array_equal(table["standard_error"], [0.1, 0.1])
    np.testing.assert_array_equal(table["n"], [1000, 1000])
    assert np.isinf(table["degrees"]).all()
    assert np.isnan(table["scale"]).all()
    assert np.isnan(table["p_value"]).all()


def test_one_component_may_be_given_bare_and_none_may_be_there() -> None:
    assert evidence("slope", -1.0, 0.01).sizes == {"component": 1}
    assert evidence([], [], []).sizes == {"component": 0}


def test_failed_estimates_are_kept_as_missing() -> None:
    assert np.isnan(evidence("slope", np.nan, np.nan)["estimate"].item())


@pytest.mark.parametrize(
    "call",
    [
        lambda: evidence(["a", "a"], [1, 2], 0.1),
        lambda: evidence(["a", "b"], [1, 2, 3], 0.1),
        lambda: evidence("a", 1.0, -0.1),
        lambda: evidence("a", 1.0, 0.1, p_value=1.2),
        lambda: evidence("a", 1.0, 0.1, degrees=0),
        lambda: of_counts("a", 3, 2),
        lambda: of_counts("a", 0, 0),
        lambda: of_counts("a", -1, 2),
        lambda: claim_tree({"a/b": {"t": (evidence("x", 1, 1), None)}}),
        lambda: claim_tree({"a": {"": (evidence("x", 1, 1), None)}}),
    ],
)
def test_malformed_evidence_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        call()


def test_estimates_become_evidence_one_by_one_or_as_one_array() -> None:
    each = of_estimates(["a", "b"], [Estimate(1.0, 0.1, 7), Estimate(2.0, 0.0)], prediction=[1, 2], n=[8, 0])
    assert each.identical(evidence(["a", "b"], [1, 2], [0.1, 0], [1, 2], n=[8, 0], degrees=[7, np.inf]))
    grid = of_estimates(
        list("abcd"), Estimate(np.arange(4.0).reshape(2, 2), np.full((2, 2), 0.5), 3), np.ones((2, 2)), n=4
    )
    assert grid.identical(evidence(list("abcd"), [0, 1, 2, 3], 0.5, [1, 1, 1, 1], n=4, degrees=3))
    lone = of_estimates("slope", Estimate(-1.0, 0.2, 5), -1.0, scale=2.0, possible=(-3, 3))
    assert lone.identical(evidence("slope", -1, 0.2, -1, degrees=5, scale=2, possible=(-3, 3)))
    assert of_estimates([], []).sizes == {"component": 0}


def test_as_many_estimates_as_names_are_wanted() -> None:
    with pytest.raises(ValueError, match="expected one number or 3"):
        of_estimates(["a", "b", "c"], Estimate(np.zeros(2), np.zeros(2)))


def test_law_evidence_carries_the_dkw_scale() -> None:
    table = law_evidence(["y1", "y2"], [0.01, 0.02], [0.5, 0.2], n=5000, n_reference=8000)
    half = table["standard_error"].values * np.sqrt(np.log(4 / 0.01))
    np.testing.assert_allclose(half, dkw_half_width(5000, 0.99, 8000))


def test_claim_tree_lays_out_measured_and_control() -> None:
    measured, control = evidence("x", 1.0, 0.1), evidence("x", 0.0, 0.1)
    paths = claim_tree({"heads": {"slope": (measured, control), "shape": (measured, None)}})
    assert set(paths) == {
        "/claims/heads/slope/measured",
        "/claims/heads/slope/control",
        "/claims/heads/shape/measured",
    }
    tree = xr.DataTree.from_dict(paths)
    stored = tree["/claims/heads/slope/control"].to_dataset()
    assert stored.identical(control[["estimate", "standard_error"]])


@pytest.mark.parametrize("said", [{}, {"prediction": [1.0, np.nan]}, {"n": 5, "degrees": [3, np.inf]}])
def test_what_the_tree_leaves_out_is_read_as_it_was(said: dict[str, Any]) -> None:
    table = evidence(["x", "y"], [1.0, np.nan], [0.1, 0.2], possible=(-3.0, 3.0), **said)
    stored = claim_tree({"heads": {"slope": (table, None)}})["/claims/heads/slope/measured"]
    assert set(stored.data_vars) == {"estimate", "standard_error", *said}
    whole, read = Columns.of(table), Columns.of(stored)
    for name in vars(whole):
        np.testing.assert_array_equal(getattr(read, name), getattr(whole, name), err_msg=name)


def test_counts_are_shares_with_their_numbers() -> None:
    table = of_counts(["none", "half", "all"], [0, 10, 20], 20)
    np.testing.assert_array_equal(table["estimate"], [0, 0.5, 1])
    np.testing.assert_array_equal(table["n"], [20, 20, 20])
    np.testing.assert_array_equal(table["successes"], [0, 10, 20])
