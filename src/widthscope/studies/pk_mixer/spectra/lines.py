"""A straight line through means with known standard errors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Line:
    """A fitted line.

    Attributes:
        intercept, slope: of the line.
        standard_error: of the intercept.
        degrees: of freedom of that, the least of the points' own: never more than the data have.
        chi2: squared standardised residuals over the degrees of freedom that the line leaves.
        draws: behind all points together.
    """

    intercept: float
    slope: float
    standard_error: float
    degrees: float
    chi2: float
    draws: int


def weighted_line(
    x: Sequence[float], y: Sequence[float], errors: Sequence[float], draws: Sequence[int]
) -> Line:
    """Least squares with weights 1 / error^2.

    Args:
        x: (K,) abscissae, at least three.
        y: (K,) independent means.
        errors: (K,) their standard errors, above zero.
        draws: (K,) independent draws behind each.

    Raises:
        ValueError: if there are fewer than three points, which leave no residual.
    """
    if len(x) < 3:
        raise ValueError(f"{len(x)} points leave a line no residual; at least 3 are needed")
    design = np.stack([np.ones(len(x)), np.asarray(x, dtype=float)], axis=1)
    weights = 1 / np.square(np.asarray(errors, dtype=float))
    covariance = np.linalg.inv(design.T @ (weights[:, None] * design))
    found = covariance @ design.T @ (weights * np.asarray(y, dtype=float))
    residuals = np.asarray(y, dtype=float) - design @ found
    chi2 = float((weights * residuals**2).sum()) / (len(x) - 2)
    error = float(np.sqrt(covariance[0, 0]))
    return Line(float(found[0]), float(found[1]), error, float(min(draws) - 1), chi2, int(sum(draws)))
