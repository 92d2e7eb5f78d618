"""Exact moments for orthonormal tokens, K = I; fits ask for them many times, so each is computed once."""

from functools import cache

import numpy as np

from widthscope.attention.softmax_moments import VarianceMoments, finite_moments


@cache
def moments(tokens: int, head_dim: int | None = None) -> VarianceMoments:
    """Moments of one head's conditional variance given scores; see `finite_moments`.

    Args:
        tokens: number of tokens s.
        head_dim: d_k; None for the limit law.
    """
    return finite_moments(1.0, 0.0, tokens, head_dim)


def widths_between(low: float, high: float, count: int = 17) -> list[int]:
    """Widths at which to draw an exact curve, spaced evenly in their logarithm, ends included."""
    return sorted({round(n) for n in np.geomspace(low, high, count)})
