import pytest
import torch
from tests.path_theory.tasks import F64, UNEQUAL, positive

from widthscope.path_theory.entropy import entropy, entropy_gradients, inverses_and_logdets, readout_gradient
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import gaussian_process

NETWORKS = pytest.mark.parametrize(
    "network",
    [
        Network((3,), (7, 9), (1.2, 0.8, 1.1)),
        UNEQUAL,
        Network((2, 1, 2), (9, 14, 6, 11), (1.1, 0.8, 1.2, 1.4, 0.9)),
    ],
)


@NETWORKS
def test_gradients_against_automatic_differentiation_for_a_batch(network):
    u = torch.tensor([0.7, 1.9], dtype=F64, requires_grad=True)
    matrices = tuple(positive(size, size, (2,)).requires_grad_() for size in network.sizes)
    factors = tuple(torch.linalg.cholesky(matrix) for matrix in matrices)
    value = entropy(network, u, matrices, *inverses_and_logdets(factors))
    assert value.shape == (2,)
    slope, *expected = torch.autograd.grad(value.sum(), (u, *matrices))
    still = tuple(matrix.detach() for matrix in matrices)
    inverses, _ = inverses_and_logdets(tuple(factor.detach() for factor in factors))
    found = entropy_gradients(network, u.detach(), still, inverses)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, 0.5 * (other + other.mT), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(readout_gradient(network, u.detach(), still[-1]), slope)


@NETWORKS
def test_the_prior_alone_is_stationary_at_infinite_width(network):
    order = gaussian_process(network)
    u = torch.tensor(order.readout, dtype=F64)
    factors = tuple(torch.linalg.cholesky(matrix) for matrix in order.matrices)
    inverses, _ = inverses_and_logdets(factors)
    for gradient in entropy_gradients(network, u, order.matrices, inverses):
        torch.testing.assert_close(gradient, torch.zeros_like(gradient), rtol=0, atol=1e-12)
    assert float(readout_gradient(network, u, order.matrices[-1])) == pytest.approx(0.0, abs=1e-12)
