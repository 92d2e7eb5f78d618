"""What is said of the numbers, that nothing is said of a map without surprises, and that chaos never is."""

import math
from collections.abc import Callable

import pytest
import torch
import xarray as xr
from tests.dynamics.small_maps import analysed, linear, logistic, network, random_state

from widthscope.dynamics.findings import findings, motion


def test_a_contracting_map_has_nothing_to_be_said_of() -> None:
    table = analysed(linear([[0.5, 0.0], [0.0, 0.4]]), torch.ones(2))
    assert findings(table) == []
    assert motion(table, 0) == "comes to rest at a fixed point"


CASES: dict[str, Callable[[], xr.Dataset]] = {
    "Over 16 steps the exponent is positive, in the long run it is not: some tangents grow before": lambda: (
        analysed(linear([[0.8, 5.0], [0.0, 0.7]]), torch.ones(2))
    ),
    "The trajectory leaves the finite numbers at step 1024, so there are no exponents in the long run; "
    "--long-steps 982 ends before.": lambda: analysed(lambda x: 2 * x, torch.ones(1), long_steps=1200),
    "; a shorter --warm-up leaves room for them.": lambda: analysed(
        lambda x: 2 * x, torch.ones(1), warm_up=600, long_steps=20
    ),
    "The Jacobian is zero at the state: there the function ignores its state.": lambda: analysed(
        lambda x: torch.ones_like(x), torch.ones(2)
    ),
    "1 of the 2 leading directions is annihilated on the way (exponent -inf).": lambda: analysed(
        linear([[0.5, 0.0], [0.0, 0.0]]), torch.ones(2)
    ),
    "In the long run nearby trajectories part: the exponent is above 0 at a level of 99 %.": lambda: analysed(
        logistic, torch.tensor([0.3])
    ),
    "The trajectory ends in a cycle: whether that is stable, the long-run exponent says": lambda: analysed(
        lambda x: -x, torch.ones(2)
    ),
    "All was computed in float32: about six digits count, and of the exponents over 16 steps those within "
    "0.86 of the first.": lambda: analysed(lambda x: 0.5 * x, torch.ones(2), probed={"dtype": torch.float32}),
}


@pytest.mark.parametrize("said", CASES)
def test_what_is_said(said: str) -> None:
    assert any(said in sentence for sentence in findings(CASES[said]()))


def test_growth_over_the_horizon_is_not_said_to_end_where_the_long_run_leaves_it_open() -> None:
    table = analysed(linear([[0.8, 5.0], [0.0, 0.7]]), torch.ones(2))
    table["long_low"][:], table["long_high"][:] = -0.00076, 0.00088
    said = " ".join(findings(table))
    assert "the exponent is positive; the long-run exponent is not told apart from 0, and the finite" in said
    assert "fade" not in said


def test_no_steps_are_suggested_where_there_is_no_room_for_any() -> None:
    assert findings(analysed(lambda x: x**3, 1.5 * torch.ones(1), steps=2))[0].endswith("in the long run.")


def test_a_way_out_is_offered_only_where_it_is_open() -> None:
    table = analysed(linear([[0.5, 0.0], [0.0, 0.4]]), torch.ones(2), dense=False)
    table["eigenvalue_converged"][0, 0, 0] = False
    assert findings(table)[0].endswith("which --dense or a smaller --count may improve.")
    assert findings(table.assign_attrs(dense_is_open=0))[0].endswith("which a smaller --count may improve.")
    assert findings(table.assign_attrs(dense_is_open=0, count=1))[0].endswith("; they are estimates.")


def test_a_slow_approach_is_called_a_drift() -> None:
    """The exponent at x of x -> x - x^3 is ln(1 - 3 x^2), and x falls as t^(-1/2): the average rises to 0."""
    table = analysed(lambda x: x - x**3, torch.tensor([0.5]), warm_up=0, long_steps=100)
    half, low, high = (float(table[name].values[0, 0]) for name in ("second_half", "long_low", "long_high"))
    assert low <= half <= high
    assert half > float(table["long_exponent"].values[0, 0])
    assert any("still drifts, from one part of the run to the next" in said for said in findings(table))


def test_an_average_that_only_scatters_is_no_drift() -> None:
    states = torch.linspace(0.07, 0.93, 20, dtype=torch.float64)[:, None]
    said = findings(analysed(logistic, states, probed={"batched": True}, long_steps=200))
    assert not any("drifts" in sentence for sentence in said)


def test_of_a_batch_the_states_are_named() -> None:
    states = torch.tensor([[0.5], [2.0], [3.0], [0.1], [4.0], [5.0]], dtype=torch.float64)
    table = analysed(lambda x: x**3, states, probed={"batched": True}, steps=2)
    assert "at step 6 (4 of 6 states: 1, 2, 4, …), so there are no exponents" in findings(table)[0]
    assert motion(table, 1) == "infinite from step 7 on"


def test_no_horizon_is_called_chaos() -> None:
    for function, state in ((logistic, torch.tensor([0.3])), (network(30, 3.0), random_state(30))):
        said = " ".join(findings(analysed(function, state)))
        assert "chaos" not in said.lower()


TURN = [[math.cos(0.7), -math.sin(0.7)], [math.sin(0.7), math.cos(0.7)]]
LENGTHS_KEPT: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "identity": lambda x: x,
    "rotation": lambda x: x @ torch.tensor(TURN, dtype=x.dtype).T,
    "permutation": lambda x: x.flip(-1),
    "relu": torch.relu,
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", LENGTHS_KEPT)
@pytest.mark.parametrize("batch", [1, 8])
def test_rounding_is_no_growth(name: str, batch: int, dtype: torch.dtype) -> None:
    state = random_state(batch, 2).abs()
    table = analysed(LENGTHS_KEPT[name], state, probed={"batched": True, "dtype": dtype})
    assert not any("part" in said or "positive" in said for said in findings(table))
    assert float(abs(table["long_exponent"]).max()) < 1e-6


def test_slow_growth_is_still_said() -> None:
    said = findings(analysed(lambda x: 1.0001 * x, torch.ones(2)))
    assert any("nearby trajectories part" in sentence for sentence in said)
