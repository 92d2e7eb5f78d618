"""Mean and variance of the posterior predictor, given order parameters."""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.cross_kernels import cross_kernel, kernel_diagonal
from widthscope.path_theory.energy import noisy_kernel
from widthscope.path_theory.kernels import OwnEnergy
from widthscope.path_theory.order_parameters import gaussian_process
from widthscope.path_theory.problem import Problem


@dataclass(frozen=True)
class Prediction:
    """Posterior mean and variance of f at test examples, (..., tests); the temperature is in neither."""

    mean: Tensor
    variance: Tensor


def predict(problem: Problem, U: Tensor, test_inputs: Tensor, chunk: int = 1000) -> Prediction:
    """Predictor at test inputs (tests, D, N0), given U (..., D, D).

    mean = k^T A y and variance = kappa - k^T A k, with k the kernel between training and test examples and
    kappa that of a test example with itself; the variance is that of f, without the temperature.

    Args:
        problem: training examples, labels and temperature.
        U: order parameters of layer 1, with any leading dimensions (widths, draws).
        test_inputs: path inputs, in the path order of the training examples.
        chunk: test examples at a time.

    Raises:
        PosteriorError: if the test inputs or U do not fit, a number is not finite, or K(U) + T I is not
            positive definite.
    """
    if test_inputs.dim() != 3 or test_inputs.shape[1:] != problem.inputs.shape[1:]:
        raise PosteriorError(
            f"test inputs have shape (tests, {problem.inputs.shape[1]}, {problem.inputs.shape[2]}), "
            f"not {tuple(test_inputs.shape)}"
        )
    paths = problem.network.paths
    if U.shape[-2:] != (paths, paths):
        raise PosteriorError(f"order parameters have shape (..., {paths}, {paths}), not {tuple(U.shape)}")
    if not bool(torch.isfinite(U).all()):
        raise PosteriorError("the order parameters to predict with are not all finite")
    finite = torch.isfinite(test_inputs).flatten(1).all(1)
    if not bool(finite.all()):
        raise PosteriorError(
            f"the path inputs of test example {int((~finite).nonzero()[0])} are not all finite"
        )
    if isinstance(problem.kernels, OwnEnergy):
        return Prediction(
            *problem.kernels.prediction(U, problem.labels, problem.temperature, test_inputs.double())
        )
    factor, failed = torch.linalg.cholesky_ex(noisy_kernel(problem, U))
    if bool((failed != 0).any()):
        raise PosteriorError(
            f"the kernel plus temperature {problem.temperature:g} is not positive definite in float64"
        )
    variance_0 = problem.network.input_variance
    y = problem.labels.unsqueeze(-1).expand(*factor.shape[:-1], 1)
    whitened = torch.linalg.solve_triangular(factor, y, upper=False)
    means, variances = [], []
    for part in torch.split(test_inputs, chunk):
        k = cross_kernel(U, problem.inputs, part, variance_0)
        explained = torch.linalg.solve_triangular(factor, k, upper=False)
        means.append((explained * whitened).sum(-2))
        variances.append(kernel_diagonal(U, part, variance_0) - explained.square().sum(-2))
    # Rounding can leave a variance of 0 slightly negative.
    return Prediction(torch.cat(means, dim=-1), torch.cat(variances, dim=-1).clamp(min=0.0))


def gaussian_process_prediction(problem: Problem, test_inputs: Tensor, chunk: int = 1000) -> Prediction:
    """Predictor (tests,) at infinite width, where no weight of a path depends on the labels."""
    return predict(problem, gaussian_process(problem.network).path_weights, test_inputs, chunk)
