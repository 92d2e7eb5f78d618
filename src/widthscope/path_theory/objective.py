"""S / max(N) as a function of unconstrained coordinates, with the readout u eliminated in closed form."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.coordinates import Coordinates, Family
from widthscope.path_theory.energy import energy_gradient
from widthscope.path_theory.entropy import entropy, entropy_gradients, inverses_and_logdets
from widthscope.path_theory.order_parameters import OrderParameters, eliminated_readout, trace
from widthscope.path_theory.problem import Problem

_DIFFERENCE = 1e-5  # of coordinates, which are logarithms or of the size of Lambda
_BATCH_NUMBERS = 2_000_000  # of the kernels that are evaluated together: 16 MB of each


class Objective:
    """Value and derivatives of S / max(N); counts how often the energy was evaluated."""

    def __init__(self, problem: Problem, family: Family) -> None:
        self.problem = problem
        self.coordinates = Coordinates(problem.network.sizes, family)
        self.width = max(problem.network.widths)
        self.evaluations = 0
        self._largest = math.nan

    def order(self, vector: Tensor) -> OrderParameters:
        """Order parameters of coordinates (n,)."""
        matrices = tuple(factor @ factor.mT for factor in self.coordinates.factors(vector))
        return OrderParameters(float(eliminated_readout(trace(matrices[-1]), self.problem.network)), matrices)

    def __call__(self, vector: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """S / max(N) (...), E (...) and the derivatives (..., n) of S / max(N), of coordinates (..., n).

        Raises:
            PosteriorError: if K + T I is not positive definite in float64.
        """
        self.evaluations += math.prod(vector.shape[:-1])
        network = self.problem.network
        factors = self.coordinates.factors(vector)
        matrices = tuple(factor @ factor.mT for factor in factors)
        inverses, logdets = inverses_and_logdets(factors)
        u = eliminated_readout(trace(matrices[-1]), network)
        energy, slope = energy_gradient(self.problem, matrices[0])
        value = energy + entropy(network, u, matrices, inverses, logdets)
        # u is stationary, so that it adds nothing to the derivatives.
        first, *rest = entropy_gradients(network, u, matrices, inverses)
        pulled = self.coordinates.pulled_back(factors, (first + slope, *rest))
        return value / self.width, energy, pulled / self.width

    def for_scipy(self, vector: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Value and gradient; where a step has left the numbers that float64 holds, a wall with no slope."""
        try:
            value, _, gradient = self(torch.from_numpy(vector))
        except PosteriorError:
            return self._largest, np.zeros_like(vector)
        found = float(value)
        if not (math.isfinite(found) and bool(torch.isfinite(gradient).all())):
            return self._largest, np.zeros_like(vector)
        if not found <= self._largest:
            self._largest = found
        return found, gradient.numpy()

    def hessian(self, vector: Tensor) -> Tensor:
        """Hessian (n, n) by central differences of gradients, as many at a time as memory is worth."""
        steps = _DIFFERENCE * torch.eye(len(vector), dtype=torch.float64)
        together = max(1, _BATCH_NUMBERS // self.problem.examples**2)
        slopes = [
            torch.cat([self(part)[2] for part in torch.split(vector + side * steps, together)])
            for side in (1.0, -1.0)
        ]
        found = (slopes[0] - slopes[1]) / (2.0 * _DIFFERENCE)
        return 0.5 * (found + found.mT)

    def curved(self, vector: Tensor, gradient: Tensor, direction: Tensor) -> Tensor:
        """The Hessian times a direction (n,), by the difference from the gradient at `vector`."""
        length = _DIFFERENCE / float(direction.abs().max())
        return (self(vector + length * direction)[2] - gradient) / length
