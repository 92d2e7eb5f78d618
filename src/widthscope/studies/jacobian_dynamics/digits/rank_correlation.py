"""Rank correlations of networks' numbers, also given a third one."""

import numpy as np
from numpy.typing import ArrayLike


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Correlation of the ranks of x and y, (n,) each; ties share their mean rank; NaN where all are equal."""
    one, other = (_centred_ranks(values) for values in (x, y))
    size = np.sqrt((one @ one) * (other @ other))
    return float(one @ other / size) if size > 0 else np.nan


def partial_spearman(x: ArrayLike, y: ArrayLike, given: ArrayLike) -> float:
    """Correlation of what the ranks of x and y keep when those of `given` are regressed out, (n,) each.

    (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2)(1 - r_yz^2)); NaN where `given` orders x or y wholly.
    """
    xy, xz, yz = spearman(x, y), spearman(x, given), spearman(y, given)
    rest = (1 - xz**2) * (1 - yz**2)
    return float((xy - xz * yz) / np.sqrt(rest)) if rest > 1e-12 else np.nan


def _centred_ranks(values: ArrayLike) -> np.ndarray:
    """Twice the ranks' deviations from their mean."""
    given = np.asarray(values, dtype=float)
    ranks: np.ndarray = np.sign(given[:, None] - given[None, :]).sum(axis=1)
    return ranks
