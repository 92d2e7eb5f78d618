"""Corrections of p-values for several tests."""

import numpy as np
from numpy.typing import ArrayLike


def bonferroni(p_values: ArrayLike) -> np.ndarray:
    """Return min(1, m·p) for m p-values; valid under any dependence. NaN counts as a test and stays NaN."""
    p = np.asarray(p_values, dtype=float)
    adjusted: np.ndarray = np.minimum(1.0, p * p.size)
    return adjusted


def holm(p_values: ArrayLike) -> np.ndarray:
    """Return Holm's step-down adjusted p-values, in the order given.

    The k-th smallest p becomes max over j <= k of (m - j + 1)·p_(j), at most 1 (Holm 1979). Valid under any
    dependence, and never larger than Bonferroni's. NaN counts as a test (it was planned) and stays NaN.

    Args:
        p_values: (m,) p-values in [0, 1].
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)  # NaN last
    adjusted = np.minimum(1.0, np.maximum.accumulate((p.size - np.arange(p.size)) * p[order]))
    unsorted = np.empty_like(p)
    unsorted[order] = adjusted
    return unsorted
