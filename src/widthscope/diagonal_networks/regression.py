"""Sparse regression, the data that diagonal linear networks are fitted to, for several seeds at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Regression:
    """Noiseless data y = X β* of S seeds.

    Attributes:
        inputs: X (seed, example, feature).
        outputs: y (seed, example).
        target: β* (feature,), the same for all seeds.
    """

    inputs: Array
    outputs: Array
    target: Array

    def error(self, solution: Array) -> Array:
        """Squared distance from β* of solutions (seed, feature, ...); (seed, ...)."""
        extra = (1,) * (solution.ndim - 2)
        return np.asarray(((solution - self.target.reshape(1, -1, *extra)) ** 2).sum(axis=1))


def sparse_target(features: int, support: int) -> Array:
    """β* with norm 1: its first `support` entries are equal, the others 0; (feature,).

    Raises:
        ValueError: if the support is not between 1 and the number of features.
    """
    if not 1 <= support <= features:
        raise ValueError(f"a support of {support} must be between 1 and the {features} features")
    target = np.zeros(features)
    target[:support] = 1 / np.sqrt(support)
    return target


def sparse_regression(
    generators: Sequence[np.random.Generator],
    examples: int,
    features: int,
    support: int,
    mean: float,
    deviation: float = 1.0,
) -> Regression:
    """Inputs X_ij = μ + σ z_ij with standard normal z, and what a sparse target makes of them.

    Args:
        generators: one for each seed; the same ones give the same z at every mean and deviation.
        examples: n.
        features: d.
        support: entries of the target that are not 0.
        mean: μ.
        deviation: σ.
    """
    target = sparse_target(features, support)
    drawn = np.stack([generator.standard_normal((examples, features)) for generator in generators])
    inputs = mean + deviation * drawn
    return Regression(inputs, inputs @ target, target)
