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


def benjamini_hochberg(p_values: ArrayLike) -> np.ndarray:
    """Return Benjamini and Hochberg's adjusted p-values, in the order given.

    The k-th smallest p becomes min over j >= k of m·p_(j)/j, at most 1 (Benjamini and Hochberg 1995).
    Rejecting those up to q keeps the expected share of false rejections at most q, for independent tests and
    for positively dependent ones. NaN counts as a test (it was planned) and stays NaN.

    Args:
        p_values: p-values in [0, 1], of any shape.
    """
    p = np.asarray(p_values, dtype=float)
    flat = p.ravel()
    order = np.argsort(flat)  # NaN last
    steps = np.nan_to_num(flat[order], nan=np.inf) * flat.size / np.arange(1, flat.size + 1)
    adjusted = np.minimum(1.0, np.minimum.accumulate(steps[::-1])[::-1])
    unsorted = np.empty_like(flat)
    unsorted[order] = adjusted
    return np.where(np.isnan(p), np.nan, unsorted.reshape(p.shape))
