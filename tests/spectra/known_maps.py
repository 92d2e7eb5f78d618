"""Maps whose exponents and eigenvalues are known exactly."""

from collections.abc import Callable

import torch
from torch import Tensor

F64 = torch.float64


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def orthogonal(*shape: int, seed: int = 0) -> Tensor:
    return torch.linalg.qr(normal(*shape, shape[-1], seed=seed))[0]


def rotation(frequencies: Tensor, eta: float) -> Tensor:
    """I + eta Omega, each pair (u, v) -> (omega v, -omega u)."""
    n = 2 * len(frequencies)
    matrix = torch.eye(n, dtype=F64)
    for pair, omega in enumerate(frequencies):
        matrix[2 * pair, 2 * pair + 1] = eta * omega
        matrix[2 * pair + 1, 2 * pair] = -eta * omega
    return matrix


def normalised(matrix: Tensor, state: Tensor) -> Tensor:
    """M x / |M x| of rows x."""
    turned = state @ matrix.mT
    return turned / turned.norm(dim=-1, keepdim=True)


class ByHand:
    """Dynamics of a step (batch, n) -> (batch, n) and its Jacobian (batch, n, n), both written down."""

    def __init__(self, step: Callable[[Tensor], Tensor], jacobian: Callable[[Tensor], Tensor]) -> None:
        self.step = step
        self.jacobian = jacobian

    def jvp(self, state: Tensor, tangents: Tensor) -> Tensor:
        return tangents @ self.jacobian(state).mT

    def vjp(self, state: Tensor, cotangents: Tensor) -> Tensor:
        return cotangents @ self.jacobian(state)


def logistic(rate: float) -> ByHand:
    return ByHand(lambda x: rate * x * (1 - x), lambda x: (rate * (1 - 2 * x))[..., None])


def henon() -> ByHand:
    def step(state: Tensor) -> Tensor:
        x, y = state[:, :1], state[:, 1:]
        return torch.cat([1 - 1.4 * x**2 + y, 0.3 * x], dim=-1)

    def jacobian(state: Tensor) -> Tensor:
        J = torch.zeros(len(state), 2, 2, dtype=F64)
        J[:, 0, 0], J[:, 0, 1], J[:, 1, 0] = -2.8 * state[:, 0], 1.0, 0.3
        return J

    return ByHand(step, jacobian)
