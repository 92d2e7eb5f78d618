"""Order parameters that minimise the action: SciPy's L-BFGS on Cholesky coordinates, then Newton steps.

u is eliminated in closed form, so the coordinates are those of U_1..U_L. SciPy's L-BFGS (strong Wolfe line
search, history of 50) is given the gradient written by hand. It compares values of S, and so cannot bring the
gradient below the square root of what rounding leaves of S; Newton steps need only gradients and bring it
down to rounding. Without them the distance from the infinite-width point, of order 1/N, would drown in the
minimiser's own error at large N. The Hessian is one of differences of gradients: whole where there are few
coordinates, else only as products with vectors, in conjugate gradients.
"""

import math
from dataclasses import dataclass

import torch
from scipy.optimize import minimize
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.energy import noisy_kernel
from widthscope.path_theory.kernels import OwnEnergy
from widthscope.path_theory.memory_limit import refuse_too_large
from widthscope.path_theory.objective import Objective
from widthscope.path_theory.order_parameters import OrderParameters, gaussian_process
from widthscope.path_theory.problem import Problem

_HISTORY = 50
_MOST_EVALUATIONS = 3000
_HESSIAN_COORDINATES = 60  # D <= 8 with its upper layers; beyond, only products with the Hessian are formed
_NEWTON_STEPS = 4
_POLISHED = 1e-3  # of the tolerance, and of that P / N where N > P: Newton steps stop there
_CONJUGATE_STEPS = 40


@dataclass(frozen=True)
class Solution:
    """A minimum of the action and how good it is.

    `value` is S, `energy` its part E(U_1); `gradient_norm` the largest |derivative| of S / max(N) with
    respect to a coordinate; `evaluations` of S and its gradient, those for Hessians included; `hessian_min`
    the smallest eigenvalue of the Hessian of S / max(N), NaN where there are too many coordinates;
    `condition` that of K(U) + T I, NaN where that costs too much; `converged` whether the gradient is below
    the tolerance and the Hessian, where known, positive.
    """

    order: OrderParameters
    value: float
    energy: float
    gradient_norm: float
    evaluations: int
    hessian_min: float
    condition: float
    converged: bool

    @property
    def path_weights(self) -> Tensor:
        """U_1, (D, D)."""
        return self.order.matrices[0]

    @property
    def converged_weights(self) -> Tensor:
        """U_1, (D, D); NaN where the search did not converge."""
        return self.path_weights if self.converged else torch.full_like(self.path_weights, math.nan)


def minimise(
    problem: Problem,
    start: OrderParameters | None = None,
    tolerance: float = 1e-7,
    *,
    diagonal: bool = False,
    scalar: bool = False,
) -> Solution:
    """The order parameters that minimise the action.

    Args:
        problem: examples, labels, temperature, network.
        start: where to begin; the infinite-width point where left out.
        tolerance: largest |derivative| of S / max(N) with respect to a coordinate.
        diagonal: restrict every U_l to diagonal matrices, so that paths are weighed but not mixed.
        scalar: restrict every U_l to multiples of I, so that the kernel is only rescaled.

    Raises:
        PosteriorError: if the matrices to start from do not fit the network or are not positive definite.
    """
    if diagonal and scalar:
        raise PosteriorError("a minimum is over diagonal matrices or over multiples of I, not both")
    size = 8 * (2 * _HISTORY + 12) * sum(d * (d + 1) // 2 for d in problem.network.sizes)
    refuse_too_large(
        f"minimising over the order parameters of {problem.network.paths} paths",
        size,
        "take fewer heads or layers",
    )
    objective = Objective(problem, "diagonal" if diagonal else "scalar" if scalar else "full")
    vector = _start(objective, gaussian_process(problem.network) if start is None else start)
    vector = _by_lbfgs(objective, vector, tolerance)
    value, energy, gradient = objective(vector)
    smallest = math.nan
    if len(vector) <= _HESSIAN_COORDINATES:
        eigenvalues, vectors = torch.linalg.eigh(objective.hessian(vector))
        smallest = float(eigenvalues[0])
    wanted = _POLISHED * tolerance * min(1.0, problem.examples / objective.width)
    for _ in range(_NEWTON_STEPS):
        if smallest <= 0.0 or float(gradient.abs().max()) <= wanted:
            break
        if math.isnan(smallest):
            step = _conjugate_step(objective, vector, gradient)
        else:
            step = vectors @ ((vectors.mT @ gradient) / eigenvalues)
        try:
            trial = objective(vector - step)
        except PosteriorError:
            break
        if not float(trial[2].abs().max()) < 0.5 * float(gradient.abs().max()):
            break
        vector, (value, energy, gradient) = vector - step, trial
    order = objective.order(vector)
    norm = float(gradient.abs().max())
    return Solution(
        order=order,
        value=float(value) * objective.width,
        energy=float(energy),
        gradient_norm=norm,
        evaluations=objective.evaluations,
        hessian_min=smallest,
        condition=_condition(problem, order.matrices[0]),
        converged=norm <= tolerance and not smallest <= 0.0,
    )


def _start(objective: Objective, start: OrderParameters) -> Tensor:
    sizes = objective.coordinates.sizes
    given = tuple(tuple(matrix.shape) for matrix in start.matrices)
    if given != tuple((size, size) for size in sizes):
        raise PosteriorError(f"order parameters of this network have sizes {sizes}, the start has {given}")
    matrices = tuple(matrix.double() for matrix in start.matrices)
    if any(int(torch.linalg.cholesky_ex(matrix)[1]) for matrix in matrices):
        raise PosteriorError("the order parameters to start from are not all positive definite")
    return objective.coordinates.vector(matrices)


def _by_lbfgs(objective: Objective, vector: Tensor, tolerance: float) -> Tensor:
    options = {
        "maxcor": _HISTORY,
        "maxiter": _MOST_EVALUATIONS,
        "maxfun": _MOST_EVALUATIONS,
        "maxls": 50,
        "ftol": 0.0,
        "gtol": tolerance,
    }
    found = minimize(objective.for_scipy, vector.numpy(), jac=True, method="L-BFGS-B", options=options)
    return torch.from_numpy(found.x)


def _conjugate_step(objective: Objective, vector: Tensor, gradient: Tensor) -> Tensor:
    """The Newton step H^{-1} gradient by conjugate gradients, to a thousandth or while H is positive."""
    step, residual = torch.zeros_like(vector), gradient.clone()
    direction, size = residual.clone(), float(residual @ residual)
    wanted = 1e-6 * size
    for _ in range(_CONJUGATE_STEPS):
        if size <= wanted:
            break
        curved = objective.curved(vector, gradient, direction)
        curvature = float(direction @ curved)
        if curvature <= 0.0:
            break
        step = step + (size / curvature) * direction
        residual = residual - (size / curvature) * curved
        before, size = size, float(residual @ residual)
        direction = residual + (size / before) * direction
    return step


def _condition(problem: Problem, U: Tensor) -> float:
    if isinstance(problem.kernels, OwnEnergy):
        return problem.kernels.condition(U, problem.temperature)
    eigenvalues = torch.linalg.eigvalsh(noisy_kernel(problem, U))
    return float(eigenvalues[-1] / eigenvalues[0]) if float(eigenvalues[0]) > 0.0 else math.inf
