import math

import pytest
import torch
from tests.path_theory.tasks import F64, UNEQUAL, generator, posed, positive

from widthscope.path_theory.action import action, action_gradient, residuals, virial
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import OrderParameters, gaussian_process

THREE = Network((2, 3, 2), (9, 14, 6, 11), (1.1, 0.8, 1.2, 1.4, 0.9))
NETWORKS = pytest.mark.parametrize("network", [Network((3,), (7, 9), (1.2, 0.8, 1.1)), UNEQUAL, THREE])


def random_order(network):
    return OrderParameters(0.7, tuple(positive(size, seed) for seed, size in enumerate(network.sizes)))


def wishart_form(network, order):
    """The entropic part from the exponents of a chi-squared and Wishart chain, by Kronecker products."""
    above = torch.full((1, 1), order.readout, dtype=F64)
    total = network.widths[-1] * (order.readout / network.readout_variance - math.log(order.readout))
    for layer in reversed(range(network.layers)):
        U = order.matrices[layer]
        prior = network.value_variances[layer] * torch.kron(
            torch.eye(network.heads[layer], dtype=F64), above.contiguous()
        )
        constant = len(U) * math.log(network.value_variances[layer])
        total += network.widths[layer] * float(
            torch.linalg.solve(prior, U).trace() - U.logdet() + prior.logdet() - constant
        )
        above = U
    return total


@NETWORKS
def test_entropy_is_that_of_a_chain_of_wisharts(network):
    order = random_order(network)
    found = action(posed(network), order)
    assert found.entropy == pytest.approx(wishart_form(network, order), rel=1e-12)
    assert found.value == pytest.approx(found.energy + found.entropy, rel=1e-15)


@NETWORKS
def test_gradient_against_finite_differences(network):
    task, order = posed(network), random_order(network)
    slope, gradients = action_gradient(task, order)
    step = 1e-5

    def change(readout, matrices):
        up = OrderParameters(
            order.readout + step * readout,
            tuple(U + step * dU for U, dU in zip(order.matrices, matrices, strict=True)),
        )
        down = OrderParameters(
            order.readout - step * readout,
            tuple(U - step * dU for U, dU in zip(order.matrices, matrices, strict=True)),
        )
        return (action(task, up).value - action(task, down).value) / (2 * step)

    still = [torch.zeros_like(U) for U in order.matrices]
    assert slope == pytest.approx(change(1.0, still), rel=1e-6)
    for layer, gradient in enumerate(gradients):
        draws = torch.randn(gradient.shape, generator=generator(layer), dtype=F64)
        direction = [*still[:layer], draws + draws.mT, *still[layer + 1 :]]
        assert float((gradient * direction[layer]).sum()) == pytest.approx(change(0.0, direction), rel=1e-6)


@NETWORKS
def test_residuals_and_virial_vanish_at_a_minimum_and_nowhere_else(network):
    task = posed(network)
    order = minimise(task).order
    scale = max(network.widths) * network.paths
    assert max(residuals(task, order)) < 1e-9
    assert abs(virial(task, order)) < 1e-8 * scale
    elsewhere = gaussian_process(network)
    assert max(residuals(task, elsewhere)) > 1e-3
    assert abs(virial(task, elsewhere)) > 1e-3 * scale
