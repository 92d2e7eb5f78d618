"""Mean and variance of the posterior predictor, given order parameters."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.cross_kernels import cross_kernel, kernel_diagonal
from widthscope.path_theory.energy import noisy_kernel
from widthscope.path_theory.given_numbers import Numbers, as_float64, is_lazy
from widthscope.path_theory.kernels import OwnEnergy
from widthscope.path_theory.memory_limit import refuse_too_large
from widthscope.path_theory.order_parameters import gaussian_process, given_path_weights
from widthscope.path_theory.problem import Problem


@dataclass(frozen=True)
class Prediction:
    """Posterior mean and variance of f at test examples, (..., tests); the temperature is in neither."""

    mean: Tensor
    variance: Tensor


def predict(problem: Problem, U: Numbers, test_inputs: Any, chunk: int = 1000) -> Prediction:
    """Predictor at test inputs (tests, D, N0), given U (..., D, D).

    mean = k^T A y and variance = kappa - k^T A k, with k the kernel between training and test examples and
    kappa that of a test example with itself; the variance is that of f, without the temperature.

    Args:
        problem: training examples, labels and temperature.
        U: order parameters of layer 1, with any leading dimensions (widths, draws).
        test_inputs: path inputs, in the path order of the training examples; a tensor, NumPy array or lists,
            or a dask array, which is read a chunk at a time (as a whole where the training examples are
            streamed themselves).
        chunk: test examples at a time.

    Raises:
        PosteriorError: if there are no test inputs, they or U do not fit, a number is not finite, U is not
            symmetric, K(U) + T I is not positive definite, or memory would not do.
    """
    tests = test_inputs if is_lazy(test_inputs) else as_float64(test_inputs, "test inputs")
    _check_shape(problem, tuple(tests.shape))
    U = given_path_weights(U, problem.network.paths)
    if isinstance(problem.kernels, OwnEnergy):
        whole = _whole(tests, chunk)
        return Prediction(*problem.kernels.prediction(U, problem.labels, problem.temperature, whole))
    factor, failed = torch.linalg.cholesky_ex(noisy_kernel(problem, U))
    if bool((failed != 0).any()):
        raise PosteriorError(
            f"the kernel plus temperature {problem.temperature:g} is not positive definite in float64"
        )
    variance_0 = problem.network.input_variance
    y = problem.labels.unsqueeze(-1).expand(*factor.shape[:-1], 1)
    whitened = torch.linalg.solve_triangular(factor, y, upper=False)
    means, variances = [], []
    for part in _parts(tests, chunk):
        k = cross_kernel(U, problem.inputs, part, variance_0)
        explained = torch.linalg.solve_triangular(factor, k, upper=False)
        means.append((explained * whitened).sum(-2))
        variances.append(kernel_diagonal(U, part, variance_0) - explained.square().sum(-2))
    # Rounding can leave a variance of 0 slightly negative.
    return Prediction(torch.cat(means, dim=-1), torch.cat(variances, dim=-1).clamp(min=0.0))


def gaussian_process_prediction(problem: Problem, test_inputs: Any, chunk: int = 1000) -> Prediction:
    """Predictor (tests,) at infinite width, where no weight of a path depends on the labels; as `predict`."""
    return predict(problem, gaussian_process(problem.network).path_weights, test_inputs, chunk)


def _check_shape(problem: Problem, shape: tuple[int, ...]) -> None:
    paths, features = problem.inputs.shape[1:]
    if len(shape) != 3 or shape[1:] != (paths, features):
        raise PosteriorError(f"test inputs have shape (tests, {paths}, {features}), not {shape}")
    if shape[0] == 0:
        raise PosteriorError("there is nothing to predict: the test inputs hold no example")


def _parts(tests: Any, chunk: int) -> Iterator[Tensor]:
    """Chunks of the test inputs, all finite."""
    start = 0
    for part in _loaded(tests, chunk) if is_lazy(tests) else torch.split(tests, chunk):
        finite = torch.isfinite(part).flatten(1).all(1)
        if not bool(finite.all()):
            example = start + int((~finite).nonzero()[0])
            raise PosteriorError(f"the path inputs of test example {example} are not all finite")
        start += len(part)
        yield part


def _loaded(tests: Any, chunk: int) -> Iterator[Tensor]:
    from widthscope.path_theory.blocks import in_blocks, loaded  # dask, which only lazy inputs need

    return (loaded(lazy) for _, lazy in in_blocks(tests, chunk))


def _whole(tests: Any, chunk: int) -> Tensor:
    """All test inputs at once: streamed training examples are read again for every call."""
    if is_lazy(tests):
        refuse_too_large(
            f"the inputs of {tests.shape[0]} test examples, which streamed training examples need at once,",
            2 * 8 * prod(tests.shape),
            "predict fewer at a time",
        )
    return torch.cat(list(_parts(tests, chunk)))
