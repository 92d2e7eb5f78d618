"""The numbers of maps that are known: linear, logistic, contracting, diverging, at rest, in a cycle."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from tests.dynamics.small_maps import (
    LYAPUNOV_OF_LOGISTIC,
    analysed,
    linear,
    logistic,
    network,
    random_state,
)
from torch import Tensor

from widthscope.dynamics import analysis, memory
from widthscope.dynamics.analysis import distance_interval
from widthscope.dynamics.findings import findings
from widthscope.errors import DynamicsError
from widthscope.spectra.dense_memory import DENSE_EIGENVALUES
from widthscope.spectra.jacobian_spectra import eigenvalues

TURN = [[math.cos(0.3), -math.sin(0.3)], [math.sin(0.3), math.cos(0.3)]]


def test_a_linear_map_has_its_eigenvalues_and_their_logarithms() -> None:
    table = analysed(
        linear([[0.5, 0.0, 0.0], [0.0, -0.9, 0.0], [0.0, 0.0, 0.2]]), torch.ones(3), long_steps=300
    )
    expected = np.array([-0.9, 0.5, 0.2])
    for place in ("given", "end"):
        np.testing.assert_allclose(table["eigenvalue"].sel(place=place)[0].values, expected, atol=1e-14)
    np.testing.assert_allclose(table["radius"].values, 0.9)
    np.testing.assert_allclose(table["singular"].values, 0.9)
    for horizon in ("finite_exponent", "long_exponent"):
        np.testing.assert_allclose(table[horizon].values[0], np.log(np.abs(expected)), atol=1e-9)
    assert table["period"].values.tolist() == [1]  # it vanishes


def test_a_rotation_is_critical() -> None:
    table = analysed(linear(TURN), torch.ones(2))
    np.testing.assert_allclose(table["eigenvalue"].values[0, 0], np.exp([0.3j, -0.3j]), atol=1e-14)
    np.testing.assert_allclose(table["long_exponent"].values, 0, atol=1e-14)
    np.testing.assert_allclose(table["finite_exponent"].values, 0, atol=1e-14)


def test_a_map_that_is_not_normal_grows_first_and_then_fades() -> None:
    """Of [[a, b], [0, a]]: the finite exponent is that of its power, the long-run one ln a."""
    a, b, steps = 0.8, 5.0, 16
    table = analysed(linear([[a, b], [0.0, a]]), torch.ones(2), long_steps=600, warm_up=600)
    power = np.linalg.matrix_power(np.array([[a, b], [0.0, a]]), steps)
    assert table["finite_exponent"].values[0, 0] == pytest.approx(
        math.log(np.linalg.norm(power, 2)) / steps, abs=1e-9
    )
    assert table["finite_exponent"].values[0, 0] > 0
    # A tangent of t steps has grown as t a^t: the average from 600 to 1200 has ln(1200 / 600) / 600 of it.
    assert table["long_exponent"].values[0, 0] == pytest.approx(math.log(a) + math.log(2) / 600, abs=1e-5)


def test_the_logistic_map_has_the_exponent_ln_two_within_its_interval() -> None:
    states = torch.linspace(0.11, 0.91, 8, dtype=torch.float64)[:, None]
    table = analysed(logistic, states, probed={"batched": True}, long_steps=1000)
    within = (table["long_low"] <= LYAPUNOV_OF_LOGISTIC) & (table["long_high"] >= LYAPUNOV_OF_LOGISTIC)
    assert int(within.sum()) >= 7
    np.testing.assert_allclose(table["long_exponent"].values, LYAPUNOV_OF_LOGISTIC, atol=0.01)
    assert (table["period"].values == 0).all()


def test_a_state_of_one_number() -> None:
    table = analysed(lambda x: 0.5 * x + 1, torch.tensor(3.0))
    assert table.sizes["rank"] == table.sizes["mode"] == 1
    assert table["eigenvalue"].values[0, 0, 0] == pytest.approx(0.5)
    assert table["long_exponent"].values[0, 0] == pytest.approx(math.log(0.5))
    assert table["period"].values.tolist() == [1]


def test_a_cycle_has_the_exponent_of_its_product() -> None:
    """x -> 3.2 x (1 - x) settles on two points; the exponent is half the logarithm of the slopes' product."""

    def step(state: Tensor) -> Tensor:
        return 3.2 * state * (1 - state)

    table = analysed(step, torch.tensor([0.3]), long_steps=500, warm_up=200)
    high, low = ((4.2 + sign * math.sqrt(4.2 * 0.2)) / 6.4 for sign in (1, -1))
    slopes = [3.2 * (1 - 2 * at) for at in (high, low)]
    assert table["period"].values.tolist() == [2]
    assert table["long_exponent"].values[0, 0] == pytest.approx(
        math.log(abs(math.prod(slopes))) / 2, abs=1e-6
    )
    assert float(table["radius"].values[1, 0]) == pytest.approx(max(map(abs, slopes)), abs=1e-6) or float(
        table["radius"].values[1, 0]
    ) == pytest.approx(min(map(abs, slopes)), abs=1e-6)


def test_at_a_fixed_point_the_long_run_exponent_is_the_logarithm_of_the_radius() -> None:
    table = analysed(network(40, 0.6), random_state(40), long_steps=300, warm_up=100)
    expected = math.log(float(table["radius"].values[1, 0]))
    assert table["period"].values.tolist() == [1]
    assert table["long_low"].values[0, 0] - 1e-3 <= expected <= table["long_high"].values[0, 0] + 1e-3


def test_a_function_that_ignores_its_state() -> None:
    table = analysed(lambda x: torch.ones_like(x), random_state(3))
    assert not table["eigenvalue"].values.any()
    assert table["singular"].values.tolist() == [0]
    assert np.isneginf(table["finite_exponent"].values).all()
    assert np.isneginf(table["long_exponent"].values).all()


def test_null_directions_are_minus_infinity_and_the_others_are_not() -> None:
    table = analysed(linear([[0.5, 0.0], [0.0, 0.0]]), torch.ones(2))
    assert table["long_exponent"].values[0, 0] == pytest.approx(math.log(0.5))
    assert np.isneginf(table["long_exponent"].values[0, 1])


def test_a_trajectory_that_diverges_after_the_short_horizon_keeps_what_comes_before() -> None:
    table = analysed(lambda x: 2 * x, torch.ones(3), long_steps=1200)
    assert table["left"].values.tolist() == [1024]
    assert table["kind"].values.tolist() == ["infinite"]
    assert table["place"].values.tolist() == ["given"]
    np.testing.assert_allclose(table["finite_exponent"].values, math.log(2))
    assert np.isnan(table["long_exponent"].values).all()
    assert np.isnan(table["history"].values).all()


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: x**3, "numbers that are infinite at step 6 of the trajectory; --steps 5 looks at"),
        (lambda x: torch.sqrt(x) - 1, "numbers that are NaN at step 3 of the trajectory; --steps 2 looks"),
    ],
)
def test_a_trajectory_that_leaves_the_finite_numbers_early_is_refused(function: object, says: str) -> None:
    with pytest.raises(DynamicsError) as error:
        analysed(function, torch.full((2,), 3.0 if "infinite" in says else 2.0))  # type: ignore[arg-type]
    assert says in str(error.value)


def test_of_a_batch_the_first_state_to_leave_is_named() -> None:
    states = torch.tensor([[0.5], [3.0], [2.0]], dtype=torch.float64)
    with pytest.raises(DynamicsError, match=r"at step 6 of the trajectory of state 1; --steps 5"):
        analysed(lambda x: x**3, states, probed={"batched": True})
    table = analysed(lambda x: x**3, states, probed={"batched": True}, steps=5)
    assert table["left"].values.tolist() == [0, 6, 7]
    assert np.isfinite(table["finite_exponent"].values).all()


def test_a_change_of_shape_on_the_way_is_refused_with_its_step() -> None:
    def step(state: Tensor) -> Tensor:
        return state + 1 if state.sum() < 9 else state[:1]

    with pytest.raises(DynamicsError, match=r"^at step 5 of the trajectory, model.py:step turns a state of"):
        analysed(step, torch.ones(2))


def test_both_routes_agree() -> None:
    function, state = network(60, 1.3), random_state(60)
    dense, free = (analysed(function, state, dense=route, count=6, long_steps=50) for route in (True, False))
    assert dense.attrs["spectrum_method"] == "dense"
    assert free.attrs["spectrum_method"] == "arnoldi"
    assert free.attrs["finite_method"] == "golub-kahan"
    assert (dense.sizes["mode"], free.sizes["mode"]) == (60, 6)
    assert free["eigenvalue_converged"].values.all()
    np.testing.assert_allclose(
        free["eigenvalue"].values, dense["eigenvalue"].values[..., :6], atol=1e-7, rtol=0
    )
    for name in ("singular", "finite_exponent", "long_exponent"):
        np.testing.assert_allclose(free[name].values, dense[name].values, atol=1e-8)


def test_eigenvalues_that_do_not_converge_are_there_with_their_residuals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All eigenvalues of a cyclic shift have one modulus, and none leads."""

    def shift(state: Tensor) -> Tensor:
        return state.roll(1)

    # Neither do two restarts find any, nor the twenty that are usual; those take longer.
    monkeypatch.setattr(analysis, "eigenvalues", partial(eigenvalues, restarts=2))
    table = analysed(shift, random_state(600), dense=False, count=2, long_steps=20, warm_up=0, steps=1)
    assert not table["eigenvalue_converged"].values.all()
    assert np.isfinite(table["eigenvalue"].values).all()
    assert (table["eigenvalue_residual"].values[~table["eigenvalue_converged"].values] > 1e-9).all()
    assert "eigenvalues have not converged (largest residual " in " ".join(findings(table))


def test_a_batch_has_the_numbers_of_its_states_alone() -> None:
    function, states = network(12, 1.5), random_state(3, 12)
    together = analysed(function, states, probed={"batched": True}, long_steps=30)
    for place in range(3):
        alone = analysed(function, states[place], long_steps=30)
        for name in ("eigenvalue", "finite_exponent", "singular"):
            dim = together[name].dims.index("state")
            np.testing.assert_allclose(
                together[name].values.take(place, dim), alone[name].values.take(0, dim), atol=1e-9
            )


def test_float32_gives_the_same_numbers_to_its_digits() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(10, 10), torch.nn.Tanh())
    state = random_state(10)
    double = analysed(module, state)
    single = analysed(module, state, probed={"dtype": torch.float32})
    assert single.attrs["dtype"] == "float32"
    np.testing.assert_allclose(single["radius"].values, double["radius"].values, rtol=1e-4)
    np.testing.assert_allclose(single["long_exponent"][0, 0], double["long_exponent"][0, 0], atol=1e-3)


def test_memory_decides_where_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory.choose_route(100, 2, 8, 16, None).dense
    assert not memory.choose_route(100_000, 1, 8, 16, None).dense
    assert "dense would take 320 GB" in memory.choose_route(100_000, 1, 8, 16, None).why
    monkeypatch.setattr(memory, "available_bytes", lambda: 20_000_000)
    route = memory.choose_route(200, 25, 8, 16, None)
    assert not route.dense
    assert (
        route.why == "dense Jacobians of 25 states of 200 numbers would take 32 MB, and 20 MB are available"
    )
    with pytest.raises(DynamicsError) as error:
        memory.choose_route(200, 25, 8, 16, True)
    assert str(error.value) == (
        "--dense needs 32 MB of memory for the Jacobians of 25 states of 200 numbers, and 20 MB are "
        "available; --matrix-free, which is taken where neither is asked for, forms none"
    )
    assert not memory.choose_route(200, 25, 8, 16, False).dense
    with pytest.raises(
        DynamicsError, match=r"^even --matrix-free needs 648 MB of memory for 1000 states of 200"
    ):
        memory.choose_route(200, 1000, 8, 16, None)


def test_the_bases_of_the_matrix_free_route_grow_with_what_is_asked_for() -> None:
    vectors = 8 * 10_000 * 2
    assert memory.matrix_free_bytes(10_000, 2, 8, 16) == 5 * 81 * vectors
    assert memory.matrix_free_bytes(10_000, 2, 100, 16) == 5 * 301 * vectors
    assert memory.matrix_free_bytes(10_000, 2, 8, 5000) == (2 * 128 + 5001) * vectors
    assert memory.matrix_free_bytes(10, 1, 8, 16) == 37 * 80  # a subspace of all numbers never restarts


def test_a_slope_that_is_not_finite_on_the_way_leaves_no_exponents() -> None:
    """From 0.5 this falls below 0.3 in three steps, and the square root at zero has no slope."""
    table = analysed(lambda x: torch.sqrt(torch.relu(x - 0.3)), torch.tensor([0.5]))
    assert np.isnan(table["long_exponent"].values).all()
    assert findings(table)[0].startswith("Torch's derivative is not finite somewhere on the trajectory, so")


def test_states_too_large_for_a_dense_jacobian_are_analysed_without() -> None:
    decay = 0.5 ** torch.arange(3000, dtype=torch.float64)
    table = analysed(lambda x: decay * x, random_state(3000), long_steps=20, warm_up=5, count=2)
    assert table.attrs["spectrum_method"] == "arnoldi"
    assert f"above {DENSE_EIGENVALUES}; dense would take 288 MB" in table.attrs["route"]
    np.testing.assert_allclose(table["eigenvalue"].values[0, 0], [1, 0.5], atol=1e-9)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-1.0, 3.0, (0.0, 3.0)), (1.0, 3.0, (1.0, 3.0)), (-3.0, -1.0, (1.0, 3.0)), (-3.0, 1.0, (0.0, 3.0))],
)
def test_interval_of_a_distance(low: float, high: float, expected: tuple[float, float]) -> None:
    assert distance_interval(low, high) == expected
