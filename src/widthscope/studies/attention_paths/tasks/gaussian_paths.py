"""Regression on normal path inputs: a task that is the same at every size, for the rate in 1/N."""

import torch
from torch import Tensor

from widthscope.streams import torch_generator
from widthscope.studies.attention_paths.tasks.path_task import PathTask

SHARED = 0.5
"""Share rho of the variance of a path's input that all paths have in common."""

OPPOSED = 0.7
"""Weight, with the sign turned, of the last path in the target; that of the first is 1."""

NOISE = 0.3
"""Standard deviation of what is added to the targets that are learned."""


def gaussian_paths(
    examples: int, features: int, paths: int, tests: int, *, seed: int, data_seed: int
) -> PathTask:
    """Path inputs with a common part, and targets that set the first path against the last.

    With w, c and g standard normal, xi_pi = sqrt(rho) c + sqrt(1 - rho) g_pi and
    y = (w . xi_1 - 0.7 w . xi_D) / sqrt(N0) + 0.3 noise, where rho = 1/2. Signal and noise keep their
    ratio as P, N0 and N grow together.

    Args:
        examples: P, to learn from.
        features: width N0 of a path's input.
        paths: D >= 2; the first and the last count.
        tests: examples to predict.
        seed: of the run.
        data_seed: which data set.
    """
    names = ("attention_paths", "gaussian-paths", seed, features, examples, paths, data_seed)
    weights = torch.randn(features, generator=torch_generator(*names, "weights"), dtype=torch.float64)
    inputs, clean = _drawn(examples, paths, weights, torch_generator(*names, "train"))
    test_inputs, test_labels = _drawn(tests, paths, weights, torch_generator(*names, "test"))
    noise = torch.randn(examples, generator=torch_generator(*names, "noise"), dtype=torch.float64)
    return PathTask(inputs, clean + NOISE * noise, test_inputs, test_labels)


def _drawn(count: int, paths: int, weights: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    features = len(weights)
    common = torch.randn(count, 1, features, generator=generator, dtype=torch.float64)
    own = torch.randn(count, paths, features, generator=generator, dtype=torch.float64)
    inputs = SHARED**0.5 * common + (1 - SHARED) ** 0.5 * own
    return inputs, (inputs[:, 0] - OPPOSED * inputs[:, -1]) @ weights / features**0.5
