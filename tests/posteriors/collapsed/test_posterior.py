"""Averages over the exact posterior: against quadrature, weights drawn from the prior, and limits."""

import numpy as np
import pytest
import torch
from tests.posteriors.collapsed.test_coordinates import order_parameters_of_weights

from widthscope.errors import PosteriorError
from widthscope.path_theory.energy import energy
from widthscope.path_theory.network import Network
from widthscope.path_theory.problem import Problem, problem
from widthscope.posteriors.collapsed import laplace, mode
from widthscope.posteriors.collapsed.coordinates import Coordinates
from widthscope.posteriors.collapsed.laplace import laplace_importance
from widthscope.posteriors.collapsed.prediction import (
    mean_matrices,
    mean_prediction,
    mean_readout,
    prediction_variance,
)


def posed(network: Network, examples: int = 6, temperature: float = 0.2) -> Problem:
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(examples, network.paths, 7, generator=generator, dtype=torch.float64)
    labels = inputs[:, 0, 0] + 0.5 * torch.randn(examples, generator=generator, dtype=torch.float64)
    return problem(inputs, 1.5 * labels, temperature, network)


def unseen(network: Network) -> torch.Tensor:
    generator = torch.Generator().manual_seed(6)
    return torch.randn(5, network.paths, 7, generator=generator, dtype=torch.float64)


def conditional(data: Problem, matrices: torch.Tensor, tests: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Energy, and the predictor's mean and variance given U_1 (S, D, D), by the textbook's formulas."""
    inputs = torch.cat([data.inputs, tests])
    scale = data.network.input_variance / (inputs.shape[1] * inputs.shape[2])
    kernel = scale * torch.einsum("spq,mpi,nqi->smn", matrices, inputs, inputs)
    count = len(data.labels)
    noisy = kernel[:, :count, :count] + data.temperature * torch.eye(count, dtype=torch.float64)
    across = kernel[:, count:, :count]
    value = (
        torch.linalg.slogdet(noisy).logabsdet
        + data.labels @ torch.linalg.solve(noisy, data.labels.expand(len(noisy), -1)).mT
    )
    mean = (across @ torch.linalg.solve(noisy, data.labels.expand(len(noisy), -1))[..., None])[..., 0]
    variance = kernel[:, count:, count:] - across @ torch.linalg.solve(noisy, across.mT)
    return value, mean, variance.diagonal(dim1=1, dim2=2)


def brute_force(data: Problem, tests: torch.Tensor, count: int) -> dict[str, torch.Tensor]:
    """Averages over weights drawn from the prior, with the likelihood as weight; and the standard errors."""
    readout, upward = order_parameters_of_weights(data.network, count)
    value, mean, variance = conditional(data, upward[-1], tests)
    weights = torch.softmax(-value / 2, dim=0)
    assert 1 / weights.square().sum() > 2_000
    top = (weights[:, None] * mean).sum(0)
    columns = {
        "readout": readout[:, None],
        "matrix": upward[-1].flatten(1),
        "upper": upward[0].flatten(1),
        "mean": mean,
        "variance": variance + (mean - top).square(),
    }
    means = {name: (weights[:, None] * one).sum(0) for name, one in columns.items()}
    errors = {
        f"{name} error": (weights[:, None] * (one - means[name])).square().sum(0).sqrt()
        for name, one in columns.items()
    }
    return means | errors


@pytest.mark.parametrize(
    "network",
    [Network((2,), (6, 5)), Network((2, 2), (9, 4, 6), (1.3, 0.7, 1.5, 0.9)), Network((2, 1), (4, 3, 5))],
)
def test_averages_are_those_over_weights_drawn_from_the_prior(network: Network):
    data, tests = posed(network), unseen(network)
    draws = laplace_importance(data, 4096, 4, ("test",))
    found = {
        "readout": mean_readout(draws),
        "matrix": mean_matrices(draws)[0],
        "upper": mean_matrices(draws)[-1],
        "mean": mean_prediction(data, draws, tests),
        "variance": prediction_variance(data, draws, tests),
    }
    expected = brute_force(data, tests, 100_000)
    for name, one in found.items():
        allowed = torch.hypot(expected[f"{name} error"], one.standard_error.flatten())
        deviations = (one.value.flatten() - expected[name]) / allowed
        assert deviations.abs().max() < 4.5, name
        assert allowed.max() < 0.1 * one.value.abs().max(), name


def test_one_head_in_one_layer_is_a_double_integral():
    network = Network((1,), (3, 2), (1.0, 0.8, 1.4))
    data, tests = posed(network, examples=4), unseen(network)
    grid = np.linspace(-9.0, 7.0, 400)
    points = torch.tensor(np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2))
    chi_readout, chi = np.exp(points[:, 0].numpy() / 2), np.exp(points[:, 1].numpy() / np.sqrt(6))
    readout = 1.4 * chi_readout**2
    matrix = torch.tensor(0.8 * readout * chi**2)[:, None, None]
    log_prior = 2 * np.log(chi_readout) - chi_readout**2 + 3 * np.log(chi) - 1.5 * chi**2
    value, mean, variance = conditional(data, matrix, tests)
    weights = torch.softmax(torch.tensor(log_prior) - value / 2, dim=0)
    expected_mean = weights @ mean
    expected_variance = weights @ variance + weights @ mean.square() - expected_mean.square()

    draws = laplace_importance(data, 4096, 8, ("test",))
    for found, expected in (
        (mean_readout(draws), weights @ torch.tensor(readout)),
        (mean_matrices(draws)[0], (weights @ matrix[:, 0, 0]).reshape(1, 1)),
        (mean_prediction(data, draws, tests), expected_mean),
        (prediction_variance(data, draws, tests), expected_variance),
    ):
        assert found.value.numpy() == pytest.approx(expected.numpy(), rel=2e-3)
        assert ((found.value - expected).abs() < 6 * found.standard_error).all()  # Student, 7 degrees


def test_at_infinite_temperature_the_posterior_is_the_prior():
    network = Network((2, 3), (12, 5, 8), (1.3, 0.7, 1.5, 0.9))
    draws = laplace_importance(posed(network, temperature=1e12), 2048, 2, ("test",))
    means = {1: 0.7 * 1.5 * 0.9 * torch.eye(6), 2: 1.5 * 0.9 * torch.eye(3)}
    for values, average, expected in (
        (draws.readout[:, None], mean_readout(draws).value, torch.tensor([0.9])),
        (draws.matrices[0].flatten(1), mean_matrices(draws)[0].value, means[1].flatten()),
        (draws.matrices[1].flatten(1), mean_matrices(draws)[1].value, means[2].flatten()),
    ):
        weights = draws.weights.flatten()[:, None] / 2
        error = (weights * (values - expected)).square().sum(0).sqrt()
        assert ((average.flatten() - expected).abs() < 4 * error).all()
        assert error.max() < 0.05


def test_at_infinite_width_the_posterior_is_the_gaussian_process():
    network = Network((2,), (10**7, 10**7), (1.3, 0.7, 1.5))
    data, tests = posed(network), unseen(network)
    draws = laplace_importance(data, 256, 2, ("test",))
    _, mean, variance = conditional(data, 0.7 * 1.5 * torch.eye(2, dtype=torch.float64)[None], tests)
    assert mean_prediction(data, draws, tests).value.numpy() == pytest.approx(mean[0].numpy(), abs=1e-4)
    assert prediction_variance(data, draws, tests).value.numpy() == pytest.approx(
        variance[0].numpy(), abs=1e-4
    )


def test_energies_in_chunks_are_those_of_the_theory(monkeypatch: pytest.MonkeyPatch):
    network = Network((2, 2), (9, 4, 6))
    data = posed(network)
    matrices = order_parameters_of_weights(network, 50)[1][-1]
    whole, _ = laplace.solved(data, matrices)
    monkeypatch.setattr(laplace, "CHUNK_BYTES", 8 * 36 * 7)
    parts, solutions = laplace.solved(data, matrices)
    assert parts.numpy() == pytest.approx(energy(data, matrices).numpy(), rel=1e-10)
    assert parts.numpy() == pytest.approx(whole.numpy(), rel=1e-12)
    assert (solutions @ data.labels).shape == (50,)


def test_a_draw_without_a_cholesky_factor_has_no_weight():
    data = posed(Network((2,), (6, 5)))
    energies, solutions = laplace.solved(data, torch.stack([torch.eye(2), -1e3 * torch.eye(2)]).double())
    assert torch.isfinite(energies).tolist() == [True, False]
    assert torch.isfinite(solutions).all()


def test_the_gradient_and_the_curvature_are_those_of_the_density():
    network = Network((2, 2), (9, 4, 6), (1.3, 0.7, 1.5, 0.9))
    data, coordinates = posed(network), Coordinates(network)
    z = 0.3 * torch.randn(
        coordinates.dimension, generator=torch.Generator().manual_seed(2), dtype=torch.float64
    )

    def potential(point: torch.Tensor) -> torch.Tensor:
        value, _, _ = conditional(data, coordinates.order_parameters(point)[1][0][None], data.inputs[:1])
        return value[0] / 2 - coordinates.log_prior(point)

    value, gradient = mode.potential(data, coordinates, z)
    assert float(value) == pytest.approx(float(potential(z)), abs=1e-10)
    assert gradient.numpy() == pytest.approx(
        torch.autograd.functional.jacobian(potential, z).numpy(), abs=1e-10
    )
    expected = torch.autograd.functional.hessian(potential, z)
    assert mode.curvature(data, coordinates, z).numpy() == pytest.approx(expected.numpy(), abs=1e-6)


def test_the_mode_has_no_gradient_and_its_root_undoes_the_curvature():
    data = posed(Network((2, 2), (9, 4, 6)))
    coordinates = Coordinates(data.network)
    found = mode.find_mode(data, coordinates)
    assert found.gradient < 1e-4
    covariance = found.covariance_root @ found.covariance_root.mT
    expected = torch.linalg.inv(mode.curvature(data, coordinates, found.place))
    assert covariance.numpy() == pytest.approx(expected.numpy(), abs=1e-6)


def test_names_make_the_draws_and_scrambles_differ():
    data = posed(Network((2,), (6, 5)))
    one, again, other = (laplace_importance(data, 64, 2, ("test", name)) for name in ("a", "a", "b"))
    assert torch.equal(one.readout, again.readout)
    assert not torch.equal(one.readout, other.readout)
    assert not torch.equal(one.readout[:64], one.readout[64:])
    assert one.weights.sum(dim=1).numpy() == pytest.approx([1, 1])


def test_one_draw_far_out_does_not_outweigh_the_others():
    """With a tail that is no heavier than a normal law's, but for one draw that has all the weight."""
    generator = torch.Generator().manual_seed(3)
    raw = torch.randn(2, 256, generator=generator, dtype=torch.float64)
    raw[1, 7] = 9.0
    smoothed, shape = laplace._smoothed(raw.ravel(), 2)
    before, after = (one.reshape(2, -1).softmax(dim=1) for one in (raw, smoothed))
    assert before[1, 7] > 0.9
    assert after[1, 7] < 0.3
    assert int(after[1].argmax()) == 7
    assert shape > 0.5
    body = raw < raw.quantile(0.7, dim=1, keepdim=True)
    ratios = (smoothed.reshape(2, -1) - raw)[0][body[0]]
    assert float(ratios.max() - ratios.min()) == pytest.approx(0, abs=1e-12)


def test_every_stream_measures_a_posterior_that_is_lopsided():
    """Unsmoothed, two of these forty had an effective share below 0.05: one draw had most of the weight."""
    data = posed(Network((2, 2), (5, 5, 5)), examples=16, temperature=0.1)
    draws = [laplace_importance(data, 256, 4, ("stream", stream)) for stream in range(40)]
    assert all(one.measured for one in draws)
    assert min(one.ess_fraction for one in draws) > 0.1


def test_too_few_effective_draws_are_not_measured():
    data = posed(Network((2,), (6, 5)))
    draws = laplace_importance(data, 64, 2, ("test",))
    few = torch.full_like(draws.log_weights, -50.0)
    few[::64] = 0.0
    one = laplace.Draws(**{**vars(draws), "log_weights": few, "ess_fraction": 1 / 64})
    assert draws.measured
    assert not one.measured
    assert torch.isnan(mean_matrices(one)[0].value).all()
    assert torch.isnan(mean_prediction(data, one, unseen(data.network)).value).all()


@pytest.mark.parametrize("wrong", [{"draws": 1000}, {"draws": 1}, {"scrambles": 0}])
def test_what_sobol_sequences_do_not_serve_is_refused(wrong: dict[str, int]):
    with pytest.raises(PosteriorError, match=r"power of two|at least one scramble"):
        laplace_importance(posed(Network((2,), (6, 5))), **wrong)
