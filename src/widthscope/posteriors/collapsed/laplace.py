"""Draws from the exact posterior of the order parameters, by importance sampling.

They are proposed by a Student law that is adapted: a pilot, from a law at the mode with the mode's curvature,
tells the moments of the law from which the draws come. Every draw carries a weight, the posterior's density
over the proposal's, so that averages are exact as the draws grow in number, whatever the proposal; the
effective sample size says how well it fits. Independently scrambled Sobol sequences give the error of an
average. The largest weights are smoothed (Pareto smoothed importance sampling, arXiv:1507.02646, by ArviZ),
each scramble's on their own: else a single draw far out, where the proposal's tail is thin, can weigh as much
as all others. Source: derived in the theory notes, 3.5.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.problem import Problem
from widthscope.posteriors.collapsed.coordinates import Coordinates
from widthscope.posteriors.collapsed.mode import find_mode
from widthscope.posteriors.collapsed.proposal import Student, adapted
from widthscope.streams import Name

PILOTS = (512,)
"""Draws of each pilot, the first from the law at the mode, whose moments the next proposal has."""

LEAST_EFFECTIVE = 0.05
"""Effective share of the draws below which averages rest on too few of them and are not measured."""

CHUNK_BYTES = 2**22
"""Of the kernels of all draws that are in memory at a time: more than this leaves the caches."""


@dataclass(frozen=True)
class Draws:
    """Weighted draws, those of one scramble after those of another.

    Attributes:
        readout: u, (S,).
        matrices: U_1, ..., U_L, each (S, d_l, d_l).
        solutions: (K(U_1) + T I)^{-1} y of every draw, (S, P).
        log_weights: log of density over proposal, smoothed, up to a constant of each scramble, (S,).
        scrambles: number of scrambled sequences, of equally many draws each.
        ess_fraction: effective share of the draws, (sum w)^2 / (S sum w^2), in (0, 1].
        pareto_shape: of the tail of all draws' weights before they were smoothed; below 0.7 averages settle
            at the usual pace, above it slowly. Infinite where there are too few draws to tell.
        mode_gradient: largest entry of the gradient at the mode, where the first pilot is centred.
        evaluations: of the density with its gradient, to find the mode.
    """

    readout: Tensor
    matrices: tuple[Tensor, ...]
    solutions: Tensor
    log_weights: Tensor
    scrambles: int
    ess_fraction: float
    pareto_shape: float
    mode_gradient: float
    evaluations: int

    @property
    def measured(self) -> bool:
        """Whether enough draws count for averages to be trusted."""
        return self.ess_fraction > LEAST_EFFECTIVE

    def first(self, scrambles: int) -> "Draws":
        """The draws of the first scrambles alone."""
        kept = slice(len(self.readout) // self.scrambles * scrambles)
        return replace(
            self,
            readout=self.readout[kept],
            matrices=tuple(one[kept] for one in self.matrices),
            solutions=self.solutions[kept],
            log_weights=self.log_weights[kept],
            scrambles=min(scrambles, self.scrambles),
        )

    @property
    def weights(self) -> Tensor:
        """Weights (scramble, draw) that sum to 1 in each scramble."""
        by_scramble: Tensor = self.log_weights.reshape(self.scrambles, -1).softmax(dim=1)
        return by_scramble

    def averages(self, values: Tensor) -> Tensor:
        """Posterior means of values (S, ...) by scramble, (scramble, ...); NaN if not `measured`."""
        weights = self.weights
        means = weights[:, None] @ values.reshape(*weights.shape, -1)
        trusted: Tensor = means if self.measured else means * math.nan
        return trusted.reshape(self.scrambles, *values.shape[1:])


def laplace_importance(
    problem: Problem,
    draws: int = 1024,
    scrambles: int = 2,
    names: tuple[Name, ...] = ("collapsed",),
    pilots: tuple[int, ...] = PILOTS,
) -> Draws:
    """Draws from the exact posterior of u, U_L, ..., U_1 at finite width.

    Args:
        problem: data, temperature and network, whose widths are at least the sizes of the order parameters.
        draws: of each scramble; a power of two, for Sobol sequences.
        scrambles: independent sequences, at least 2 for errors.
        names: of the random stream.
        pilots: draws of each pilot, powers of two, in turn, whose moments the next proposal has; they enter
            no average. Two of thousands serve where few examples or narrow layers leave the posterior
            lopsided about its mode.

    Raises:
        PosteriorError: if a layer is narrower than its order parameter, or `draws` is no power of two.
    """
    if draws < 2 or draws & (draws - 1):
        raise PosteriorError(f"draws of one scramble must be a power of two from 2 on, not {draws}")
    if scrambles < 1:
        raise PosteriorError(f"draws need at least one scramble, not {scrambles}")
    coordinates = Coordinates(problem.network)
    mode = find_mode(problem, coordinates)
    proposal = Student(mode.place, mode.covariance_root)
    for place, count in enumerate(pilots):
        key = (*names, "pilot") if place == 0 else (*names, "pilot", place)
        pilot = _weighted(problem, coordinates, proposal, proposal.draws(count, key))
        proposal = adapted(proposal, pilot.z, pilot.log_weights)
    z = torch.cat([proposal.draws(draws, (*names, scramble)) for scramble in range(scrambles)])
    found = _weighted(problem, coordinates, proposal, z)
    smoothed, shape = _smoothed(found.log_weights, scrambles)
    weights = smoothed.reshape(scrambles, -1).softmax(dim=1) / scrambles
    return Draws(
        found.readout,
        found.matrices,
        found.solutions,
        smoothed,
        scrambles,
        float(1 / weights.square().sum() / weights.numel()),
        shape,
        mode.gradient,
        mode.evaluations,
    )


def _smoothed(log_weights: Tensor, scrambles: int) -> tuple[Tensor, float]:
    """Log weights (S,) with each scramble's tail smoothed, and the Pareto shape of all draws' tail."""
    from arviz_stats.base.array import array_stats  # a second, which whoever draws nothing need not spend

    # The function is made for log likelihoods, whose negatives are the log weights of leaving one out.
    negative = -log_weights.numpy()
    smooth: Callable[[np.ndarray], tuple[np.ndarray, float]] = array_stats.psislw
    smoothed = [smooth(one)[0] for one in np.split(negative, scrambles)]
    return torch.as_tensor(np.concatenate(smoothed)), float(smooth(negative)[1])


@dataclass(frozen=True)
class _Weighted:
    """Draws z (S, n) and all that is known of them."""

    z: Tensor
    readout: Tensor
    matrices: tuple[Tensor, ...]
    solutions: Tensor
    log_weights: Tensor


def _weighted(problem: Problem, coordinates: Coordinates, proposal: Student, z: Tensor) -> _Weighted:
    readout, matrices = coordinates.order_parameters(z)
    energies, solutions = solved(problem, matrices[0])
    log_weights = coordinates.log_prior(z) - energies / 2 - proposal.log_density(z)
    return _Weighted(z, readout, matrices, solutions, log_weights)


def solved(problem: Problem, matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Energies E (S,) and solutions (K(U) + T I)^{-1} y (S, P) of order parameters U (S, D, D).

    A draw whose kernel has no Cholesky factor, as rounding can make it far out in the tails, gets an infinite
    energy, that is no weight.
    """
    found = [_solved(problem, chunk) for chunk in chunks(matrices, len(problem.labels))]
    energies, solutions = zip(*found, strict=True)
    return torch.cat(energies), torch.cat(solutions)


def chunks(matrices: Tensor, examples: int) -> Iterator[Tensor]:
    """Order parameters (S, D, D) in parts whose kernels of this many examples fit in a chunk."""
    size = max(1, CHUNK_BYTES // (8 * examples**2))
    for start in range(0, len(matrices), size):
        yield matrices[start : start + size]


def factor(problem: Problem, kernels: Tensor) -> Tensor:
    """Cholesky factors of kernels (S, P, P) plus the temperature; NaN where there is none."""
    kernels.diagonal(dim1=-2, dim2=-1).add_(problem.temperature)
    factors: Tensor
    factors, info = torch.linalg.cholesky_ex(kernels)
    factors[info != 0] = math.nan
    return factors


def _solved(problem: Problem, matrices: Tensor) -> tuple[Tensor, Tensor]:
    factors = factor(problem, problem.kernels.kernel(matrices))
    labels = problem.labels.expand(len(matrices), -1)[..., None]
    # Two triangular solves: cholesky_solve takes ten times as long for one right-hand side in a batch.
    halfway = torch.linalg.solve_triangular(factors, labels, upper=False)
    solutions = torch.linalg.solve_triangular(factors.mT, halfway, upper=True)[..., 0]
    energies = 2 * factors.diagonal(dim1=-2, dim2=-1).log().sum(-1) + halfway.square().sum((-2, -1))
    return energies.nan_to_num(nan=math.inf), solutions.nan_to_num(nan=0.0)
