"""Closed forms of a diagonal linear network's gradients against differentiation."""

import numpy as np
import pytest
import torch

from widthscope.diagonal_networks import ensemble
from widthscope.diagonal_networks.gradients import Network
from widthscope.diagonal_networks.regression import Regression, sparse_regression, sparse_target
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.training import train
from widthscope.gradient_regularisation.ensemble_steps import DifferenceStep
from widthscope.gradient_regularisation.flooding import FloodingStep

ASCENTS = np.array([-0.3, 0.0, 0.2])


@pytest.fixture(scope="module")
def data() -> Regression:
    return sparse_regression([np.random.default_rng(seed) for seed in range(3)], 4, 7, 2, 1.5, 0.5)


def weights(data: Regression) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(9)
    shape = (len(data.inputs), data.inputs.shape[2], len(ASCENTS))
    return generator.uniform(0.1, 1, shape), generator.uniform(0.1, 1, shape)


def loss(plus: torch.Tensor, minus: torch.Tensor, data: Regression, seed: int) -> torch.Tensor:
    """The definition, |X β - y|^2 / 4n."""
    inputs, outputs = torch.from_numpy(data.inputs[seed]), torch.from_numpy(data.outputs[seed])
    return (inputs @ (plus**2 - minus**2) - outputs).square().sum() / (4 * len(outputs))


def regularised(data: Regression, seed: int, ascent: float, w: torch.Tensor) -> torch.Tensor:
    """Gradient of half the squared gradient norm, exactly (ascent 0) or by one difference; (2, d)."""

    def gradient(at: torch.Tensor, keep: bool = False) -> torch.Tensor:
        leaf = at if keep else at.detach().requires_grad_()
        return torch.autograd.grad(loss(leaf[0], leaf[1], data, seed), leaf, create_graph=keep)[0]

    if ascent:
        first = gradient(w)
        return (gradient(w + ascent * first) - first) / ascent
    leaf = w.detach().requires_grad_()
    return torch.autograd.grad(gradient(leaf, keep=True).square().sum() / 2, leaf)[0]


def test_data_are_sparse_noiseless_and_share_their_deviations() -> None:
    centred, shifted = (
        sparse_regression([np.random.default_rng(seed) for seed in (3, 5)], 6, 9, 4, mean)
        for mean in (0.0, 2.0)
    )
    np.testing.assert_allclose(shifted.inputs - centred.inputs, 2.0)
    assert np.linalg.norm(centred.target) == pytest.approx(1)
    np.testing.assert_array_equal(centred.target[4:], 0)
    np.testing.assert_allclose(centred.inputs @ centred.target, centred.outputs)
    assert centred.error(np.zeros((2, 9, 3))) == pytest.approx(np.ones((2, 3)))


@pytest.mark.parametrize("support", [0, 5])
def test_a_support_that_is_none_is_refused(support: int) -> None:
    with pytest.raises(ValueError, match=f"a support of {support} must be between 1 and the 4 features"):
        sparse_target(4, support)


def test_gradients_are_those_of_the_loss_and_of_its_regularisation(data: Regression) -> None:
    plus, minus = weights(data)
    found = Network(data, ASCENTS).gradients(plus, minus)
    for seed in range(3):
        for value, ascent in enumerate(ASCENTS):
            w = torch.tensor(np.stack([plus[seed, :, value], minus[seed, :, value]]), requires_grad=True)
            expected = loss(w[0], w[1], data, seed)
            assert found.loss[seed, value] == pytest.approx(expected.item())
            (slope,) = torch.autograd.grad(expected, w)
            g, ascended, change = (
                each[seed, :, value] for each in (found.gradient, found.ascended, found.change)
            )
            np.testing.assert_allclose(slope[0], g * plus[seed, :, value], rtol=1e-12)
            np.testing.assert_allclose(slope[1], -g * minus[seed, :, value], rtol=1e-12)
            wanted = regularised(data, seed, float(ascent), w)
            np.testing.assert_allclose(wanted[0], plus[seed, :, value] * (g * ascended + change), rtol=1e-9)
            np.testing.assert_allclose(wanted[1], minus[seed, :, value] * (g * ascended - change), rtol=1e-9)


def test_kernel_is_the_rate_at_which_the_residual_decays(data: Regression) -> None:
    plus, minus = weights(data)
    network = Network(data, ASCENTS)
    residual = network.residual(plus, minus)
    g = network.pulled_back(residual)
    tiny = 1e-7
    later = network.residual(plus * (1 - tiny * g), minus * (1 + tiny * g))
    rate = network.kernel_times(plus, minus, residual)
    np.testing.assert_allclose((residual - later) / tiny, rate, rtol=1e-5, atol=1e-6)


def trained(members: Members, data: Regression, flooding: bool) -> Parameters:
    places = [int(seed) for seed in members.values("seed")]
    ascents = torch.tensor(members.values("ascent"), dtype=torch.float64)
    batch = {
        "inputs": torch.from_numpy(data.inputs[places]),
        "outputs": torch.from_numpy(data.outputs[places]),
    }
    rates = torch.full((len(members),), 0.02, dtype=torch.float64)
    if flooding:
        step = ensemble.AccountedStep(
            FloodingStep(ensemble.loss, 0.05, SGD(0.02)), ensemble.FloodingTerms(rates)
        )
    else:
        moves = DifferenceStep(ensemble.loss, SGD(0.02), 0.1, ascents)
        step = ensemble.AccountedStep(
            moves, ensemble.DescentTerms(rates, 0.1 * torch.ones_like(rates), ascents)
        )
    start = ensemble.initial(0.3, len(members), data.inputs.shape[2])
    for name in ("log_product", "log_flow"):
        start[name] = torch.zeros_like(start["plus"])
    if flooding:
        del start["log_flow"]
    return train(members, start, step, lambda _: batch, 30).parameters


MEMBERS = Members.grid(seed=(0, 1, 2), ascent=(-0.1, 0.2))


@pytest.mark.parametrize("flooding", [False, True])
def test_members_obey_the_law_of_finite_steps(data: Regression, flooding: bool) -> None:
    found = trained(MEMBERS, data, flooding)
    product = (found["plus"] * found["minus"]).log() - 2 * np.log(0.3)
    assert float(product.abs().max()) > 1e-3
    torch.testing.assert_close(found["log_product"], product, rtol=0, atol=1e-12)
    if not flooding:
        assert float((found["log_flow"] - product).abs().max()) > 1e-3


@pytest.mark.parametrize("flooding", [False, True])
def test_members_do_not_depend_on_their_company(data: Regression, flooding: bool) -> None:
    assert not dependent_on_company(lambda members: trained(members, data, flooding), MEMBERS)
