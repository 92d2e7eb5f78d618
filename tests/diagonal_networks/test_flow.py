"""The regularised flow against a library's integrator, the theory of its end, and the scalar flow."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from widthscope.diagonal_networks import chebyshev
from widthscope.diagonal_networks.effective_scale import linearised_shift, log_shift
from widthscope.diagonal_networks.flow import STAGES, Flowed, flow
from widthscope.diagonal_networks.gradients import Network
from widthscope.diagonal_networks.interpolation import (
    InterpolationError,
    interpolating_solution,
    potential,
)
from widthscope.diagonal_networks.mean_field import scale_shift
from widthscope.diagonal_networks.regression import Regression, sparse_regression

SCALE, STRENGTH = 0.2, 0.1
ASCENTS = np.array([-0.05, 0.0, 0.1])
STRENGTHS = np.full(3, STRENGTH)


@pytest.fixture(scope="module")
def data() -> Regression:
    return sparse_regression([np.random.default_rng(seed) for seed in range(2)], 5, 9, 2, 1.0)


@pytest.fixture(scope="module")
def followed(data: Regression) -> Flowed:
    return flow(data, SCALE, STRENGTHS, ASCENTS, loss=1e-10, tolerance=1e-7)


@pytest.mark.parametrize("stages", [2, 5, STAGES])
def test_chebyshev_steps_are_of_second_order(stages: int) -> None:
    """y' = -y² from 1, which is 1/(1 + t)."""

    def error(length: float) -> float:
        state = np.array([1.0])
        for _ in range(round(1 / length)):
            state = chebyshev.step(lambda y: -(y**2), state, -(state**2), np.array(length), stages)
        return abs(float(state[0]) - 0.5)

    assert np.log2(error(0.1) / error(0.05)) == pytest.approx(2, abs=0.25)


@pytest.mark.parametrize("stages", [2, 5, STAGES])
def test_chebyshev_steps_are_stable_up_to_their_reach_and_not_beyond(stages: int) -> None:
    reach = chebyshev.coefficients(stages).reach
    rates = -np.linspace(0, reach, 400)
    after = chebyshev.step(lambda y: rates * y, np.ones(400), rates, np.array(1.0), stages)
    assert np.abs(after).max() <= 1 + 1e-12
    beyond = np.array([-1.1 * reach])
    assert abs(chebyshev.step(lambda y: beyond * y, np.ones(1), beyond, np.array(1.0), stages)[0]) > 1


def test_error_estimate_is_exact_for_cubics() -> None:
    """The estimate is of third order: nothing is left of a quadratic."""
    length = np.array(0.3)
    time = np.array([0.7, 1.0])
    (old, new), (rate, new_rate) = time**2, 2 * time
    estimate = chebyshev.error(np.array(old), np.array(new), np.array(rate), np.array(new_rate), length)
    assert estimate == pytest.approx(0, abs=1e-15)


def test_one_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 stages, not 1"):
        chebyshev.coefficients(1)


def test_flow_is_that_of_a_librarys_integrator(data: Regression, followed: Flowed) -> None:
    """Weights and integrals at the time where each trajectory ended, one by one."""
    found = followed
    assert (found.loss < 1e-10).all()
    features = data.inputs.shape[2]
    for seed in range(2):
        one = Regression(data.inputs[[seed]], data.outputs[[seed]], data.target)
        for value, ascent in enumerate(ASCENTS):
            network = Network(one, np.array([ascent]))

            def rates(_: float, w: np.ndarray, network: Network = network) -> np.ndarray:
                plus, minus = w[:features, None][None], w[features : 2 * features, None][None]
                g = network.gradients(plus, minus)
                shrink = STRENGTH * g.gradient * g.ascended
                turn = g.gradient + STRENGTH * g.change
                parts = (-plus * (shrink + turn), -minus * (shrink - turn), g.gradient * g.ascended)
                return np.concatenate([part.ravel() for part in parts])

            start = np.concatenate([np.full(2 * features, SCALE), np.zeros(features)])
            end = (0.0, float(found.time[seed, value]))
            wanted = solve_ivp(rates, end, start, method="LSODA", rtol=1e-9, atol=1e-12).y[:, -1]
            for place, array in enumerate((found.plus, found.minus, found.product)):
                part = wanted[place * features : (place + 1) * features]
                np.testing.assert_allclose(array[seed, :, value], part, rtol=1e-4, atol=1e-6)


def test_a_seeds_flow_does_not_depend_on_the_others(data: Regression) -> None:
    together = flow(data, SCALE, STRENGTHS, ASCENTS, loss=1e-3, tolerance=1e-4)
    for seed in range(2):
        one = Regression(data.inputs[[seed]], data.outputs[[seed]], data.target)
        alone = flow(one, SCALE, STRENGTHS, ASCENTS, loss=1e-3, tolerance=1e-4)
        np.testing.assert_array_equal(alone.plus[0], together.plus[seed])
        np.testing.assert_array_equal(alone.product[0], together.product[seed])


def test_without_regularisation_the_product_of_the_weights_stays(data: Regression) -> None:
    found = flow(data, SCALE, np.zeros(1), np.zeros(1), loss=1e-6, tolerance=1e-5)
    np.testing.assert_allclose(found.plus * found.minus, SCALE**2, rtol=1e-3)


def test_weights_obey_the_product_law_and_end_in_the_dual_solution(
    data: Regression, followed: Flowed
) -> None:
    found = followed
    shift = log_shift(STRENGTHS, found.product)
    np.testing.assert_allclose(np.log(found.plus * found.minus), 2 * (np.log(SCALE) + shift), atol=1e-4)
    for seed in range(2):
        for value in range(3):
            wanted = interpolating_solution(
                data.inputs[seed], data.outputs[seed], np.log(SCALE) + shift[seed, :, value]
            )
            np.testing.assert_allclose(found.solution[seed, :, value], wanted, atol=3e-4)


def test_a_flow_that_is_cut_short_says_so(data: Regression) -> None:
    assert (flow(data, SCALE, STRENGTHS, ASCENTS, loss=1e-6, most_steps=3).loss > 1e-6).all()


def test_dual_solution_fits_the_data_and_minimises_the_potential(data: Regression) -> None:
    """Against a general minimiser on the solutions of the linear system."""
    inputs, outputs = data.inputs[0], data.outputs[0]
    log_scale = np.log(np.random.default_rng(3).uniform(0.05, 0.5, inputs.shape[1]))
    found = interpolating_solution(inputs, outputs, log_scale)
    np.testing.assert_allclose(inputs @ found, outputs, atol=1e-10)
    kernel = np.linalg.svd(inputs)[2][len(outputs) :].T
    particular = np.linalg.pinv(inputs) @ outputs
    best = minimize(
        lambda free: potential(particular + kernel @ free, log_scale), np.zeros(kernel.shape[1]), tol=1e-14
    )
    np.testing.assert_allclose(found, particular + kernel @ best.x, atol=1e-5)
    assert potential(found, log_scale) <= best.fun + 1e-10  # the data are fitted to 1e-11


def test_large_scales_give_least_squares_and_small_ones_least_absolute_values(data: Regression) -> None:
    inputs, outputs = data.inputs[0], data.outputs[0]
    large = interpolating_solution(inputs, outputs, np.full(inputs.shape[1], np.log(1e3)))
    np.testing.assert_allclose(large, np.linalg.pinv(inputs) @ outputs, atol=1e-9)
    totals = [
        np.abs(interpolating_solution(inputs, outputs, np.full(inputs.shape[1], np.log(scale)))).sum()
        for scale in (1e-4, 1e-2, 1.0)
    ]
    assert totals == sorted(totals)
    assert totals[0] == pytest.approx(np.abs(data.target).sum(), rel=0.2)


def test_a_flow_from_uneven_weights_ends_in_the_solution_with_that_offset(data: Regression) -> None:
    """Plain gradient flow of a library from w± = α e^{±c}."""
    inputs, outputs, features = data.inputs[0], data.outputs[0], data.inputs.shape[2]
    generator = np.random.default_rng(4)
    log_scale, offset = np.log(generator.uniform(0.2, 0.5, features)), generator.normal(0, 0.3, features)

    def rates(_: float, w: np.ndarray) -> np.ndarray:
        g = inputs.T @ (inputs @ (w[:features] ** 2 - w[features:] ** 2) - outputs) / len(outputs)
        return np.concatenate([-g * w[:features], g * w[features:]])

    start = np.exp(np.concatenate([log_scale + offset, log_scale - offset]))
    end = solve_ivp(rates, (0, 400), start, method="LSODA", rtol=1e-10, atol=1e-12).y[:, -1]
    found = interpolating_solution(inputs, outputs, log_scale, offset)
    np.testing.assert_allclose(found, end[:features] ** 2 - end[features:] ** 2, atol=1e-6)
    assert np.abs(found - interpolating_solution(inputs, outputs, log_scale)).max() > 1e-3


def test_data_that_nothing_fits_are_named() -> None:
    inputs = np.ones((2, 3))
    with pytest.raises(InterpolationError):
        interpolating_solution(inputs, np.array([0.0, 1.0]), np.zeros(3))


def test_a_singular_dual_problem_is_said_with_its_scales() -> None:
    with pytest.raises(
        InterpolationError, match="2 examples has a singular dual problem at scales from 1 to 2"
    ):
        interpolating_solution(np.zeros((2, 3)), np.ones(2), np.log([1.0, 2.0, 1.5]))


def test_scalar_flow_is_the_flow_of_equal_inputs() -> None:
    """All inputs μ: every coordinate shifts alike, by what the two scalars say."""
    features, mean, total = 6, 1.5, 1.2
    data = Regression(np.full((1, 2, features), mean), np.full((1, 2), mean * total), np.zeros(features))
    ascents = np.array([-0.1, 0.0, 0.1])
    found = flow(data, SCALE, STRENGTHS, ascents, loss=1e-10, tolerance=1e-7)
    shift = log_shift(STRENGTHS, found.product)
    predicted = [scale_shift(SCALE, STRENGTH, ascent, mean, features, total) for ascent in ascents]
    np.testing.assert_allclose(shift, np.broadcast_to(predicted, shift.shape), rtol=1e-4)


def test_scalar_flow_agrees_with_its_linearisation_where_shifts_are_small() -> None:
    for ascent in (-0.01, 0.0, 0.02):
        small = (1.0, 0.01, ascent, 1.0, 50, 0.05)
        assert scale_shift(*small) == pytest.approx(float(linearised_shift(*small)), rel=1e-2)
