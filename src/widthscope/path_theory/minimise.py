"""Order parameters that minimise the action: SciPy's L-BFGS on Cholesky coordinates, then Newton steps.

u is eliminated in closed form, so the coordinates are those of U_1..U_L. SciPy's L-BFGS (strong Wolfe line
search, history of 50) is given the gradient written by hand. It compares values of S, and so cannot bring the
gradient below the square root of what rounding leaves of S; Newton steps need only gradients and bring it
down to rounding. Without them the distance from the infinite-width point, of order 1/N, would drown in the
minimiser's own error at large N. The Hessian is one of differences of gradients: whole where there are few
coordinates, else only as products with vectors, in conjugate gradients.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.action import entropy, entropy_gradient
from widthscope.path_theory.coordinates import Coordinates, Family
from widthscope.path_theory.energy import energy_gradient, noisy_kernel
from widthscope.path_theory.kernels import OwnEnergy
from widthscope.path_theory.memory_limit import refuse_too_large
from widthscope.path_theory.order_parameters import OrderParameters, eliminated_readout, gaussian_process
from widthscope.path_theory.problem import Problem

_HISTORY = 50
_MOST_EVALUATIONS = 3000
_HESSIAN_COORDINATES = 60  # D <= 8 with its upper layers; beyond, only products with the Hessian are formed
_NEWTON_STEPS = 4
_POLISHED = 1e-3  # of the tolerance, and of that P / N where N > P: Newton steps stop there
_CONJUGATE_STEPS = 40
_DIFFERENCE = 1e-5  # of coordinates, which are logarithms or of the size of Lambda


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


class _Objective:
    """S / max(N) as a function of the coordinates, u eliminated."""

    def __init__(self, problem: Problem, family: Family) -> None:
        self.problem = problem
        self.coordinates = Coordinates(problem.network.sizes, family)
        self.width = max(problem.network.widths)
        self.evaluations = 0
        self._largest = math.nan

    def order(self, vector: Tensor) -> OrderParameters:
        """Order parameters of coordinates (n,)."""
        matrices = tuple(factor @ factor.mT for factor in self.coordinates.factors(vector))
        return OrderParameters(
            eliminated_readout(float(matrices[-1].trace()), self.problem.network), matrices
        )

    def __call__(self, vector: Tensor) -> tuple[float, float, Tensor]:
        """S / max(N), E, and the derivatives (n,) of S / max(N)."""
        self.evaluations += 1
        factors = self.coordinates.factors(vector)
        matrices = tuple(factor @ factor.mT for factor in factors)
        network = self.problem.network
        order = OrderParameters(eliminated_readout(float(matrices[-1].trace()), network), matrices)
        inverses = tuple(torch.cholesky_inverse(factor) for factor in factors)
        logdets = tuple(2.0 * float(factor.diagonal().log().sum()) for factor in factors)
        energy, slope = energy_gradient(self.problem, matrices[0])
        value = float(energy) + entropy(network, order, inverses, logdets)
        gradients = list(entropy_gradient(network, order, inverses))
        gradients[0] = gradients[0] + slope
        pulled = self.coordinates.pulled_back(factors, tuple(gradients))
        return value / self.width, float(energy), pulled / self.width

    def for_scipy(self, vector: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Value and gradient; where a step has left the numbers float64 can hold, a wall with no slope."""
        try:
            value, _, gradient = self(torch.from_numpy(vector))
        except PosteriorError:
            return self._largest, np.zeros_like(vector)
        if not (math.isfinite(value) and bool(torch.isfinite(gradient).all())):
            return self._largest, np.zeros_like(vector)
        if not value <= self._largest:
            self._largest = value
        return value, gradient.numpy()

    def hessian(self, vector: Tensor) -> Tensor:
        """Hessian (n, n) by central differences of gradients."""
        columns = []
        for step in _DIFFERENCE * torch.eye(len(vector), dtype=torch.float64):
            columns.append((self(vector + step)[2] - self(vector - step)[2]) / (2.0 * _DIFFERENCE))
        found = torch.stack(columns)
        return 0.5 * (found + found.mT)


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
    objective = _Objective(problem, "diagonal" if diagonal else "scalar" if scalar else "full")
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
        value=value * objective.width,
        energy=energy,
        gradient_norm=norm,
        evaluations=objective.evaluations,
        hessian_min=smallest,
        condition=_condition(problem, order.matrices[0]),
        converged=norm <= tolerance and not smallest <= 0.0,
    )


def anneal(
    problem_at: Callable[[int], Problem], widths: Sequence[int], tolerance: float = 1e-7
) -> tuple[Solution, ...]:
    """Minima at every width, each started from that of the next wider one; in the order of `widths`.

    Args:
        problem_at: the problem at a width; share its kernels (`Problem.at`).
        widths: any order.
        tolerance: as in `minimise`.
    """
    found: dict[int, Solution] = {}
    start: OrderParameters | None = None
    for width in sorted(set(widths), reverse=True):
        found[width] = minimise(problem_at(width), start, tolerance)
        start = found[width].order
    return tuple(found[width] for width in widths)


def restarts(
    problem: Problem, generator: torch.Generator, count: int, tolerance: float = 1e-7
) -> tuple[Solution, ...]:
    """Minima from `count` random starts, positive definite, over two decades of scale around infinite width.

    Several minima are an alarm: compare the values of the solutions.
    """
    limit = gaussian_process(problem.network)
    found = []
    for _ in range(count):
        matrices = []
        for matrix in limit.matrices:
            size = len(matrix)
            draws = torch.randn(size, 2 * size, generator=generator, dtype=torch.float64)
            exponent = 2.0 * torch.rand(1, generator=generator, dtype=torch.float64) - 1.0
            matrices.append(10.0**exponent * matrix[0, 0] * (draws @ draws.mT) / (2 * size))
        found.append(minimise(problem, OrderParameters(limit.readout, tuple(matrices)), tolerance))
    return tuple(found)


def _start(objective: _Objective, start: OrderParameters) -> Tensor:
    sizes = objective.coordinates.sizes
    given = tuple(tuple(matrix.shape) for matrix in start.matrices)
    if given != tuple((size, size) for size in sizes):
        raise PosteriorError(f"order parameters of this network have sizes {sizes}, the start has {given}")
    matrices = tuple(matrix.double() for matrix in start.matrices)
    if any(int(torch.linalg.cholesky_ex(matrix)[1]) for matrix in matrices):
        raise PosteriorError("the order parameters to start from are not all positive definite")
    return objective.coordinates.vector(matrices)


def _by_lbfgs(objective: _Objective, vector: Tensor, tolerance: float) -> Tensor:
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


def _conjugate_step(objective: _Objective, vector: Tensor, gradient: Tensor) -> Tensor:
    """The Newton step H^{-1} gradient by conjugate gradients, to a thousandth or while H is positive."""
    step, residual = torch.zeros_like(vector), gradient.clone()
    direction, size = residual.clone(), float(residual @ residual)
    wanted = 1e-6 * size
    for _ in range(_CONJUGATE_STEPS):
        if size <= wanted:
            break
        length = _DIFFERENCE / float(direction.abs().max())
        curved = (objective(vector + length * direction)[2] - gradient) / length
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
