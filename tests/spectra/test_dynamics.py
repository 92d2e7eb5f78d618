import pytest
import torch
from torch import Tensor

from widthscope.errors import DynamicsError
from widthscope.spectra.dynamics import AutogradDynamics, Dynamics, LinearDynamics

F64 = torch.float64


def swirl(state: Tensor) -> Tensor:
    u, v = state[..., :1], state[..., 1:]
    return torch.cat([torch.sin(u) * v.sum(-1, keepdim=True), v * u + v**2], -1)


def swirl_jacobian(x: Tensor) -> Tensor:
    u, v = x[0], x[1:]
    J = torch.zeros(len(x), len(x), dtype=F64)
    J[0, 0] = torch.cos(u) * v.sum()
    J[0, 1:] = torch.sin(u)
    J[1:, 0] = v
    J[1:, 1:] = torch.diag(u + 2 * v)
    return J


def states(batch: int = 3, n: int = 4) -> Tensor:
    return torch.randn(batch, n, generator=torch.Generator().manual_seed(0), dtype=F64)


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("vectorised", [True, False])
def test_derivatives_of_a_function_are_those_by_hand(forward: bool, vectorised: bool) -> None:
    dynamics: Dynamics = AutogradDynamics(swirl, forward=forward, vectorised=vectorised)
    x = states()
    J = torch.stack([swirl_jacobian(row) for row in x])
    tangents = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(1), dtype=F64)
    torch.testing.assert_close(dynamics.step(x), swirl(x))
    torch.testing.assert_close(dynamics.jacobian(x), J, rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(dynamics.jvp(x, tangents), tangents @ J.mT, rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(dynamics.vjp(x, tangents), tangents @ J, rtol=1e-13, atol=1e-13)


def test_no_tangents_give_none() -> None:
    assert AutogradDynamics(swirl).jvp(states(), states()[:, None][:, :0]).shape == (3, 0, 4)


def test_a_function_that_changes_the_shape_is_refused() -> None:
    with pytest.raises(DynamicsError, match=r"\(3, 4\) into one of shape \(3, 3\)"):
        AutogradDynamics(lambda x: x[:, 1:]).step(states())


@pytest.mark.parametrize("many", [False, True], ids=["one matrix", "a matrix for each state"])
def test_linear_maps_have_their_matrix_for_a_jacobian(many: bool) -> None:
    shape = (3, 4, 4) if many else (4, 4)
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=F64)
    linear = LinearDynamics(matrix)
    by_autograd = AutogradDynamics(linear.step)
    x, tangents = states(), states(6).reshape(3, 2, 4)
    torch.testing.assert_close(linear.jacobian(x), by_autograd.jacobian(x))
    torch.testing.assert_close(linear.jvp(x, tangents), by_autograd.jvp(x, tangents))
    torch.testing.assert_close(linear.vjp(x, tangents), by_autograd.vjp(x, tangents))
