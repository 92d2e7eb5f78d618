"""The energy of the order parameter U: what the training labels say of the weights of pairs of paths.

E(U) = ln det(K + T I) + y^T (K + T I)^{-1} y,   K = K(U);

exp(-E / 2) is, up to a constant, the likelihood of the labels once the input map has been integrated out.
Source: derived in the theory notes, 3; arXiv:2405.15926.
"""

import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.kernels import OwnEnergy
from widthscope.path_theory.problem import Problem


def energy(problem: Problem, U: Tensor) -> Tensor:
    """E(U), shape (...), of U (..., D, D).

    Raises:
        PosteriorError: if K(U) + T I is not positive definite.
    """
    if isinstance(problem.kernels, OwnEnergy):
        return problem.kernels.energy_gradient(U, problem.labels, problem.temperature)[0]
    factor = _factor(problem, U)
    whitened = torch.linalg.solve_triangular(factor, problem.labels.unsqueeze(-1), upper=False).squeeze(-1)
    value: Tensor = 2.0 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1) + whitened.square().sum(-1)
    return value


def energy_gradient(problem: Problem, U: Tensor) -> tuple[Tensor, Tensor]:
    """E(U), shape (...), and E' = dE/dU, shape (..., D, D), of U (..., D, D), through one Cholesky factor.

    E' = (sigma_0^2 / D) sum_{mu nu} G_{mu nu} C(mu, nu) with G = A - alpha alpha^T, A = (K + T I)^{-1} and
    alpha = A y. Kernels with an energy of their own are asked for it.

    Raises:
        PosteriorError: if K(U) + T I is not positive definite.
    """
    if isinstance(problem.kernels, OwnEnergy):
        return problem.kernels.energy_gradient(U, problem.labels, problem.temperature)
    factor = _factor(problem, U)
    inverse = torch.cholesky_inverse(factor)
    alpha = inverse @ problem.labels
    value = 2.0 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1) + alpha @ problem.labels
    return value, problem.kernels.gradient(inverse - alpha.unsqueeze(-1) * alpha.unsqueeze(-2))


def noisy_kernel(problem: Problem, U: Tensor) -> Tensor:
    """K(U) + T I, (..., P, P), of U (..., D, D)."""
    K = problem.kernels.kernel(U)
    K.diagonal(dim1=-2, dim2=-1).add_(problem.temperature)
    return K


def _factor(problem: Problem, U: Tensor) -> Tensor:
    """Lower Cholesky factor of K(U) + T I."""
    factor: Tensor
    factor, failed = torch.linalg.cholesky_ex(noisy_kernel(problem, U))
    if bool((failed != 0).any()):
        raise PosteriorError(
            f"the kernel of {problem.examples} examples plus temperature {problem.temperature:g} is not "
            "positive definite in float64: take a larger temperature, or order parameters that are "
            "positive definite"
        )
    return factor
