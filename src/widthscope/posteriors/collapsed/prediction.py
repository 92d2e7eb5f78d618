r"""Predictor and order parameters of the exact posterior, with their Monte-Carlo errors.

Given U, the predictor's mean at x is linear in the path inputs of x,

    m(x) = sigma_0^2 / (D N_0) sum_{pi pi'} U_{pi pi'} (sum_mu alpha_mu xi_pi(mu)) . xi_pi'(x) ,

so that only its coefficients are averaged over draws. The predictor's variance is the mean of the
conditional variance and the variance of the conditional mean. Source: derived in the theory notes, 3.5.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.path_theory.kernels import kernels_of
from widthscope.path_theory.problem import Problem
from widthscope.posteriors.collapsed.laplace import Draws, chunks, factor


@dataclass(frozen=True)
class Average:
    """Posterior means and their Monte-Carlo errors; NaN if the draws do not measure them.

    Attributes:
        value: means over all scrambles.
        by_scramble: those of each alone, (scramble, ...).
    """

    value: Tensor
    by_scramble: Tensor

    @property
    def standard_error(self) -> Tensor:
        """From the scatter between scrambles; NaN of a single one."""
        error: Tensor = self.by_scramble.std(dim=0) / len(self.by_scramble) ** 0.5
        return error


def mean_readout(draws: Draws) -> Average:
    """Posterior mean of u, ()."""
    return _average(draws.averages(draws.readout))


def mean_matrices(draws: Draws) -> tuple[Average, ...]:
    """Posterior means of U_1, ..., U_L, each (d_l, d_l)."""
    return tuple(_average(draws.averages(matrices)) for matrices in draws.matrices)


def mean_prediction(problem: Problem, draws: Draws, test_inputs: Tensor) -> Average:
    """Posterior mean of the predictor at test path inputs (tests, D, N0), (tests,)."""
    return _average(draws.averages(_coefficients(problem, draws)) @ test_inputs.flatten(1).mT)


def prediction_variance(problem: Problem, draws: Draws, test_inputs: Tensor) -> Average:
    """Posterior variance of the predictor at test path inputs (tests, D, N0), without noise, (tests,).

    It takes a Cholesky factor and a solve for every draw once more: give few tests.
    """
    joint = kernels_of(
        torch.cat([problem.inputs, test_inputs]), problem.network.input_variance, batch=len(draws.readout)
    )
    count = len(problem.labels)
    conditional = torch.cat(
        [
            _conditional_variance(problem, joint.kernel(chunk), count)
            for chunk in chunks(draws.matrices[0], count + len(test_inputs))
        ]
    )
    means = _coefficients(problem, draws) @ test_inputs.flatten(1).mT
    averages = draws.averages(torch.stack([conditional, means, means.square()], dim=1))
    return _average(averages[:, 0] + averages[:, 2] - averages[:, 1].square())


def _conditional_variance(problem: Problem, kernels: Tensor, count: int) -> Tensor:
    """kappa - k^T (K + T I)^{-1} k of kernels (S, P + tests, P + tests), (S, tests)."""
    across = kernels[:, :count, count:].clone()
    own = kernels[:, count:, count:].diagonal(dim1=-2, dim2=-1)
    solutions = torch.linalg.solve_triangular(
        factor(problem, kernels[:, :count, :count].clone()), across, upper=False
    )
    explained: Tensor = solutions.square().sum(dim=1)
    return own - explained


def _coefficients(problem: Problem, draws: Draws) -> Tensor:
    """Coefficients of the test path inputs in the conditional mean of every draw, (S, D N0)."""
    _, paths, features = problem.inputs.shape
    weighed = (draws.solutions @ problem.inputs.flatten(1)).reshape(-1, paths, features)
    scale = problem.network.input_variance / (paths * features)
    coefficients: Tensor = scale * (draws.matrices[0] @ weighed).flatten(1)
    return coefficients


def _average(by_scramble: Tensor) -> Average:
    return Average(by_scramble.mean(dim=0), by_scramble)
