"""Mode and curvature of the exact posterior in the coordinates of `coordinates`."""

from dataclasses import dataclass

import torch
from scipy.optimize import minimize
from torch import Tensor

from widthscope.path_theory.energy import energy_gradient
from widthscope.path_theory.problem import Problem
from widthscope.posteriors.collapsed.coordinates import Coordinates

STEP = 1e-4
"""Of the central differences of the gradient: it is good to 1e-12, so the curvature is to 1e-8."""

EVALUATIONS = 500
TOLERANCE = 1e-5
"""Largest entry of the gradient at the mode; draws are about 1 apart, and weights correct the proposal."""


@dataclass(frozen=True)
class Mode:
    """Where the posterior density is largest, and how it curves there.

    Attributes:
        place: z (n,).
        covariance_root: lower triangular R with R R^T = the inverse of the curvature of -log density, (n, n).
        gradient: largest entry of the gradient at the mode.
        evaluations: of the density with its gradient, those of the curvature left out.
    """

    place: Tensor
    covariance_root: Tensor
    gradient: float
    evaluations: int


def find_mode(problem: Problem, coordinates: Coordinates) -> Mode:
    """The mode by L-BFGS from the mode of the prior, z = 0, so that no theory of wide networks enters.

    The curvature's eigenvalues are kept from falling below 0.1, a tenth of the prior's: where the
    posterior were flatter, a wider proposal would only waste draws.
    """

    def function(values: object) -> tuple[float, object]:
        value, gradient = potential(problem, coordinates, torch.as_tensor(values))
        return float(value), gradient.numpy()

    found = minimize(
        function,
        torch.zeros(coordinates.dimension, dtype=torch.float64).numpy(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": EVALUATIONS, "maxcor": 20, "gtol": TOLERANCE, "ftol": 0.0},
    )
    place = torch.as_tensor(found.x)
    eigenvalues, vectors = torch.linalg.eigh(curvature(problem, coordinates, place))
    covariance = (vectors / eigenvalues.clamp(min=0.1)) @ vectors.mT
    return Mode(place, torch.linalg.cholesky(covariance), float(abs(found.jac).max()), int(found.nfev))


def potential(problem: Problem, coordinates: Coordinates, z: Tensor) -> tuple[Tensor, Tensor]:
    """-log density of the posterior at z (..., n) up to a constant, (...,), and its gradient (..., n).

    The energy's gradient comes from its own formula, through one Cholesky factor; that of the map from z to
    U_1 is automatic.
    """
    z = z.detach().requires_grad_()
    matrix = coordinates.order_parameters(z)[1][0]
    prior = coordinates.log_prior(z)
    energy, slope = energy_gradient(problem, matrix.detach())
    surrogate = (slope * matrix).sum() / 2 - prior.sum()
    (gradient,) = torch.autograd.grad(surrogate, z)
    return energy / 2 - prior.detach(), gradient


def curvature(problem: Problem, coordinates: Coordinates, place: Tensor) -> Tensor:
    """Second derivatives of -log density at z (n,), (n, n), by central differences of the gradient."""
    steps = STEP * torch.eye(len(place), dtype=torch.float64)
    _, gradients = potential(problem, coordinates, torch.cat([place + steps, place - steps]))
    ahead, behind = gradients.chunk(2)
    differences = (ahead - behind) / (2 * STEP)
    return (differences + differences.mT) / 2
