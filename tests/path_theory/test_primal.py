"""Sums over examples give what the P x P form gives: energy, gradient, predictor, condition, minimum."""

import math

import pytest
import torch

from widthscope.errors import PosteriorError
from widthscope.path_theory.energy import energy, energy_gradient, noisy_kernel
from widthscope.path_theory.example_sums import ExampleSums
from widthscope.path_theory.kernels import FactoredKernels, PackedKernels, kernels_of
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import gaussian_process
from widthscope.path_theory.prediction import predict
from widthscope.path_theory.primal import PrimalInputs, PrimalKernels
from widthscope.path_theory.problem import Problem, problem

NETWORK = Network(heads=(2, 2), widths=(12, 9, 10), variances=(1.3, 0.7, 1.5, 0.9))


def posed(
    examples: int, kernels: str, temperature: float = 0.2, network: Network = NETWORK, features: int = 3
) -> Problem:
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(examples, network.paths, features, generator=generator, dtype=torch.float64)
    labels = torch.sign(inputs[:, 0, 0] - 0.5 * inputs[:, -1, 1] + 0.2 * inputs[:, 0, 2])
    built = {"packed": PackedKernels, "primal": PrimalInputs}[kernels](inputs, network.input_variance)
    return problem(inputs, labels, temperature, network, built)


def positive_definite(count: int, paths: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(6)
    draws = torch.randn(count, paths, 2 * paths, generator=generator, dtype=torch.float64)
    return draws @ draws.mT / paths


@pytest.mark.parametrize("examples", [40, 12, 5], ids=["P > M", "P = M", "P < M"])
def test_energy_and_gradient_are_those_of_the_larger_form(examples: int) -> None:
    U = positive_definite(3, 4)
    value, slope = energy_gradient(posed(examples, "primal"), U)
    expected, expected_slope = energy_gradient(posed(examples, "packed"), U)
    torch.testing.assert_close(value, expected, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(slope, expected_slope, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(energy(posed(examples, "primal"), U), expected, rtol=1e-11, atol=1e-11)


def test_the_gradient_is_the_slope_of_the_energy() -> None:
    U, primal = positive_definite(1, 4)[0], posed(40, "primal")
    _, slope = energy_gradient(primal, U)
    step = 1e-5 * (positive_definite(2, 4)[1] - torch.eye(4, dtype=torch.float64))
    change = (energy(primal, U + step) - energy(primal, U - step)) / 2
    assert float(change) == pytest.approx(float((slope * step).sum()), rel=1e-7)


def test_one_path_one_feature_in_closed_form() -> None:
    # K = u x x^T: ln det = (P - 1) ln T + ln(T + u |x|^2), and a quadratic form by Sherman and Morrison.
    x = torch.linspace(-1.0, 2.0, 7, dtype=torch.float64)
    y = torch.where(x > 0.3, 1.0, -1.0).double()
    network, temperature, u = Network.equal((1,), 5), 0.3, 1.7
    primal = problem(x.reshape(7, 1, 1), y, temperature, network, PrimalInputs(x.reshape(7, 1, 1)))
    spread = temperature + u * float(x @ x)
    expected = 6 * math.log(temperature) + math.log(spread)
    expected += (float(y @ y) - u * float(x @ y) ** 2 / spread) / temperature
    U = torch.full((1, 1), u, dtype=torch.float64)
    assert float(energy(primal, U)) == pytest.approx(expected, rel=1e-13)
    at_two = predict(primal, U, torch.full((1, 1, 1), 2.0))
    assert float(at_two.mean) == pytest.approx(2.0 * u * float(x @ y) / spread, rel=1e-13)
    assert float(at_two.variance) == pytest.approx(4.0 * u * temperature / spread, rel=1e-13)


def test_predictor_and_condition_are_those_of_the_larger_form() -> None:
    U = positive_definite(3, 4)
    tests = torch.randn(1005, 4, 3, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    primal, packed = posed(40, "primal"), posed(40, "packed")
    found, expected = predict(primal, U, tests), predict(packed, U, tests)
    assert found.mean.shape == (3, 1005)
    torch.testing.assert_close(found.mean, expected.mean, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(found.variance, expected.variance, rtol=1e-9, atol=1e-10)
    eigenvalues = torch.linalg.eigvalsh(noisy_kernel(packed, U[0]))
    assert isinstance(primal.kernels, PrimalInputs)
    assert primal.kernels.condition(U[0], 0.2) == pytest.approx(float(eigenvalues[-1] / eigenvalues[0]))


def test_the_minimum_is_the_same() -> None:
    found, expected = minimise(posed(40, "primal")), minimise(posed(40, "packed"))
    assert found.converged
    assert found.value == pytest.approx(expected.value, rel=1e-11)
    torch.testing.assert_close(found.path_weights, expected.path_weights, rtol=1e-6, atol=1e-7)
    assert found.condition == pytest.approx(expected.condition, rel=1e-6)


def test_sums_over_examples_are_chosen_where_there_are_more_examples_than_numbers_in_one() -> None:
    inputs = torch.randn(13, 4, 3, dtype=torch.float64)
    assert isinstance(kernels_of(inputs), PrimalInputs)
    assert not isinstance(kernels_of(inputs[:12]), PrimalInputs)
    U = positive_definite(1, 4)[0]
    kernels, factored = kernels_of(inputs, 1.3), FactoredKernels(inputs, 1.3)
    torch.testing.assert_close(kernels.kernel(U), factored.kernel(U), rtol=1e-14, atol=1e-14)
    G = torch.eye(13, dtype=torch.float64)
    torch.testing.assert_close(kernels.gradient(G), factored.gradient(G), rtol=1e-14, atol=1e-14)


def test_sums_alone_know_their_labels_and_refuse_a_kernel() -> None:
    whole = posed(40, "primal")
    sums = ExampleSums(4, 3)
    for start in (0, 7, 30):
        end = {0: 7, 7: 30, 30: 40}[start]
        sums.add(whole.inputs[start:end], whole.labels[start:end])
    kernels, U = PrimalKernels(sums, 1.3), positive_definite(1, 4)[0]
    value, slope = kernels.energy_gradient(U, whole.labels, 0.2)
    expected, expected_slope = energy_gradient(whole, U)
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(slope, expected_slope, rtol=1e-11, atol=1e-12)
    with pytest.raises(PosteriorError, match="only sums over the examples are kept"):
        kernels.kernel(U)
    with pytest.raises(PosteriorError, match="only sums over the examples are kept"):
        kernels.gradient(torch.eye(40, dtype=torch.float64))


def test_what_it_cannot_do_is_refused() -> None:
    primal = posed(40, "primal")
    U = gaussian_process(NETWORK).path_weights
    with pytest.raises(PosteriorError, match=r"sums over examples need a temperature > 0, not 0\.0"):
        primal.kernels.energy_gradient(U, primal.labels, 0.0)  # type: ignore[attr-defined]
    with pytest.raises(PosteriorError, match="order parameters of 4 paths are not positive definite"):
        energy(primal, torch.ones(4, 4, dtype=torch.float64))
    with pytest.raises(PosteriorError, match=r"40 examples are more than its largest rank N0 D = 12"):
        problem(primal.inputs, primal.labels, 0.0, NETWORK)


def test_too_many_paths_are_refused_with_what_they_would_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widthscope.path_theory.memory_limit.available_bytes", lambda: 10**6)
    with pytest.raises(PosteriorError, match=r"64 attention paths and 26 features would take 0\.133 GB"):
        ExampleSums(64, 26)
