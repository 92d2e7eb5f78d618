import math

import pytest
import torch
from tests.path_theory.tasks import F64, UNEQUAL, path_kernels, posed, positive

from widthscope.errors import PosteriorError
from widthscope.path_theory.energy import energy, energy_gradient
from widthscope.path_theory.network import Network


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_energy_is_minus_twice_the_log_likelihood(batch):
    """Against the density of the labels, N(0, K + T I), less its constant."""
    task = posed(UNEQUAL, 8)
    U = positive(6, batch=batch)
    K = 1.3 / 6 * torch.einsum("...ab,abmn->...mn", U, path_kernels(task.inputs)) + 0.1 * torch.eye(
        8, dtype=F64
    )
    normal = torch.distributions.MultivariateNormal(torch.zeros(8, dtype=F64), K)
    expected = -2 * normal.log_prob(task.labels) - 8 * math.log(2 * math.pi)
    torch.testing.assert_close(energy(task, U), expected)
    torch.testing.assert_close(energy_gradient(task, U)[0], expected)


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_gradient_against_automatic_differentiation(batch):
    task = posed(UNEQUAL, 8)
    U = positive(6, batch=batch).requires_grad_()
    K = 1.3 / 6 * torch.einsum("...ab,abmn->...mn", U, path_kernels(task.inputs)) + 0.1 * torch.eye(
        8, dtype=F64
    )
    solved = torch.linalg.solve(K, task.labels.expand(*batch, 8).unsqueeze(-1)).squeeze(-1)
    (expected,) = torch.autograd.grad((K.logdet() + solved @ task.labels).sum(), U)
    expected = 0.5 * (expected + expected.mT)
    torch.testing.assert_close(energy_gradient(task, U.detach())[1], expected, rtol=1e-10, atol=1e-10)


def test_at_temperature_zero_scaling_the_kernel_only_shifts_and_divides():
    task = posed(Network.equal((2,), 10), 8, 5, temperature=0.0)
    U = positive(2)
    determinant = float(task.kernels.kernel(U).logdet())
    one, four = float(energy(task, U)), float(energy(task, 4.0 * U))
    assert four == pytest.approx(8 * math.log(4) + determinant + (one - determinant) / 4, rel=1e-12)


def test_indefinite_path_weights_are_refused():
    task = posed(Network.equal((2,), 10))
    for function in (energy, energy_gradient):
        with pytest.raises(
            PosteriorError, match=r"kernel of 20 examples plus temperature 0\.1 is not positive"
        ):
            function(task, torch.tensor([[1.0, 3.0], [3.0, 1.0]], dtype=F64))
