"""Empirical laws as counts in fixed cells: what is stored of a sample in place of its draws.

The Kolmogorov-Smirnov distance is taken over the edges of the cells. That is at most the distance over all
points, so p-values are never too small; with so many cells it is hardly smaller. NumPy only, since fits read
the counts and must not load torch.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import kolmogorov

from widthscope.attention.gram import FloatArray
from widthscope.statistics.distances import KolmogorovSmirnov

EDGES: FloatArray = np.sinh(np.linspace(-6, 6, 3999)) / 10
"""Inner edges of the cells, from -20 to 20: 0.0003 apart at 0 and 0.3 % of the value beyond. The outer two
cells have no end."""


def count(values: ArrayLike) -> np.ndarray:
    """Draws in each cell, (cells,) integers, of a sample (N,) of numbers of order one."""
    sample = np.asarray(values, dtype=np.float64)
    return np.bincount(np.searchsorted(EDGES, sample), minlength=len(EDGES) + 1)


def against_law(counts: ArrayLike, cdf: Callable[[FloatArray], FloatArray]) -> KolmogorovSmirnov:
    """KS distance of a sample from an exact law, and the asymptotic p-value of their equality.

    Args:
        counts: (cells,) draws in each cell.
        cdf: distribution function of a continuous law.
    """
    table = np.asarray(counts, dtype=np.float64)
    distance = float(np.abs(_cumulative(table) - cdf(EDGES)).max())
    return KolmogorovSmirnov(distance, float(kolmogorov(np.sqrt(table.sum()) * distance)))


def against_sample(counts: ArrayLike, reference: ArrayLike) -> KolmogorovSmirnov:
    """KS distance of two samples, and the asymptotic p-value of their equality.

    Args:
        counts, reference: (cells,) draws in each cell.
    """
    table, other = np.asarray(counts, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    distance = float(np.abs(_cumulative(table) - _cumulative(other)).max())
    n, m = table.sum(), other.sum()
    return KolmogorovSmirnov(distance, float(kolmogorov(np.sqrt(n * m / (n + m)) * distance)))


def _cumulative(counts: FloatArray) -> FloatArray:
    """Empirical distribution function at the edges."""
    return np.asarray(np.cumsum(counts)[:-1] / counts.sum())
