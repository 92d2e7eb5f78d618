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
    """Return Benjamini and Hochberg's step-up adjusted p-values, in the order given.

    The k-th smallest p becomes min over j >= k of m p_(j) / j, at most 1 (Benjamini and Hochberg 1995). Rejecting
    those up to q keeps the expected share of false ones among the rejected at or below q, for independent or
    positively dependent tests. NaN counts as a test and stays NaN.

    Args:
        p_values: (m,) p-values in [0, 1].
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)  # NaN last
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    # NaN would spread to all smaller ones; the running minimum goes over those that are known.
    known = np.where(np.isnan(scaled), np.inf, scaled)
    adjusted = np.minimum(1.0, np.minimum.accumulate(known[::-1])[::-1])
    unsorted = np.empty_like(p)
    unsorted[order] = np.where(np.isnan(scaled), np.nan, adjusted)
    return unsorted
