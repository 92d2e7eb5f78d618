"""Distances between laws: from samples of numbers, or from batch means of transforms' differences."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import kolmogorov

from widthscope.statistics.intervals import Jackknife

EXACT_KS_DRAWS = 1000  # exact p-values cost the product of the sample sizes


class KolmogorovSmirnov(NamedTuple):
    """Largest difference of two distribution functions, and the p-value of their equality."""

    distance: float
    p_value: float


def ks_two_sample(sample: ArrayLike, reference: ArrayLike) -> KolmogorovSmirnov:
    """Return the two-sample Kolmogorov-Smirnov distance and p-value (scipy; exact up to 1000 draws each).

    Args:
        sample: (N,) independent draws. Several coordinates of one network share its scores and are not.
        reference: (M,) independent draws.
    """
    from scipy import stats  # a second to import, and only the KS functions need it

    x, y = _draws(sample, 1), _draws(reference, 1)
    method = "exact" if max(len(x), len(y)) <= EXACT_KS_DRAWS else "asymp"
    found = stats.ks_2samp(x, y, method=method)
    return KolmogorovSmirnov(float(found.statistic), float(found.pvalue))


def ks_one_sample(sample: ArrayLike, cdf: Callable[[np.ndarray], np.ndarray]) -> KolmogorovSmirnov:
    """Return the Kolmogorov-Smirnov distance of (N,) draws from a continuous law, with its p-value."""
    from scipy import stats

    found = stats.ks_1samp(_draws(sample, 1), cdf)
    return KolmogorovSmirnov(float(found.statistic), float(found.pvalue))


def ks_of_counts(counts: ArrayLike, reference: ArrayLike) -> KolmogorovSmirnov:
    """Return the two-sample distance of samples known by their counts in common cells, with its p-value.

    The supremum over the edges of the cells is at most that over all points, so the asymptotic p-value is
    never too small.

    Args:
        counts: (C,) draws in each of consecutive cells.
        reference: (C,) likewise.
    """
    n, m = (float(np.sum(table)) for table in (counts, reference))
    return _ks_at_edges(_cumulative(counts), _cumulative(reference), n * m / (n + m))


def ks_of_counts_from_law(counts: ArrayLike, cdf_at_edges: ArrayLike) -> KolmogorovSmirnov:
    """Return the distance of a sample known by its counts in cells from an exact law, as `ks_of_counts`.

    Args:
        counts: (C,) draws in each of consecutive cells, of which the outer two have no end.
        cdf_at_edges: (C - 1,) distribution function at the inner edges.
    """
    law = np.asarray(cdf_at_edges, dtype=float)
    return _ks_at_edges(_cumulative(counts), law, float(np.sum(counts)))


def _ks_at_edges(first: np.ndarray, second: np.ndarray, size: float) -> KolmogorovSmirnov:
    distance = float(np.abs(first - second).max())
    return KolmogorovSmirnov(distance, float(kolmogorov(np.sqrt(size) * distance)))


def _cumulative(counts: ArrayLike) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Empirical distribution function at the inner edges."""
    table = np.asarray(counts, dtype=float)
    return np.asarray(np.cumsum(table)[:-1] / table.sum(), dtype=float)


def dkw_half_width(n: float, level: float, n_reference: float = np.inf) -> float:
    r"""Return e such that sup|F̂ - F| <= e, or for two samples sup|(F̂ - Ĝ) - (F - G)| <= e, with this level.

    One sample: e = √(log(2/δ)/(2n)), δ = 1 - level (Dvoretzky-Kiefer-Wolfowitz 1956 with Massart's constant
    1990; no asymptotics). Two samples: the sum of both at δ/2, by the triangle inequality. The KS distance of
    the laws differs from the measured one by at most e.

    Raises:
        ValueError: if the level is outside (0, 1) or a sample size is not positive.
    """
    if not 0 < level < 1 or not n > 0 or not n_reference > 0:
        raise ValueError(f"level {level}, n {n}, n_reference {n_reference}: allowed 0 < level < 1 and n > 0")
    delta = 1 - level
    if np.isinf(n_reference):
        return float(np.sqrt(np.log(2 / delta) / (2 * n)))
    return float(np.sqrt(np.log(4 / delta) / 2) * (n**-0.5 + n_reference**-0.5))


def energy_distance(sample: ArrayLike, reference: ArrayLike) -> float:
    r"""Return the unbiased estimate of the energy distance 2E|X-Y| - E|X-X'| - E|Y-Y'| = 2∫(F-G)².

    U-statistic, in O((N+M) log(N+M)) by sorting; may be negative where the laws are close.

    Args:
        sample: (N,) independent draws, N >= 2.
        reference: (M,) independent draws, M >= 2.
    """
    x, y = _draws(sample, 2), _draws(reference, 2)
    within_x, within_y = pair_sum(x), pair_sum(y)
    between = pair_sum(np.concatenate([x, y])) - within_x - within_y
    n, m = len(x), len(y)
    return float(2 * (between / (n * m) - within_x / (n * (n - 1)) - within_y / (m * (m - 1))))


def pair_sum(sample: np.ndarray) -> float:
    """Return Σ_{i<j} |x_i - x_j| = Σ_k (2k - N + 1) x_(k), k = 0..N-1, centred against cancellation."""
    ordered = np.sort(sample)
    ranks = 2 * np.arange(len(ordered)) - len(ordered) + 1
    return float(ranks @ (ordered - ordered.mean()))


def wasserstein_distance(sample: ArrayLike, reference: ArrayLike) -> float:
    """Return the W1 distance ∫|F̂ - Ĝ| of (N,) and (M,) draws; sampling noise biases it upwards."""
    x, y = np.sort(_draws(sample, 1)), np.sort(_draws(reference, 1))
    points = np.sort(np.concatenate([x, y]))
    below = points[:-1]
    difference = np.searchsorted(x, below, "right") / len(x) - np.searchsorted(y, below, "right") / len(y)
    return float(np.abs(difference) @ np.diff(points))


def squared_mmd(differences: ArrayLike, weights: ArrayLike | None = None) -> Jackknife:
    r"""Return the unbiased squared distance of two laws from batch means of differences of their transforms.

    With D_b(w) the b-th batch mean of φ_n(w) - φ_∞(w), products of different batches have no noise floor:

        U = mean_w [ |Σ_b D_b(w)|² - Σ_b |D_b(w)|² ] / (B(B - 1)),

    with its delete-one-batch jackknife error. U may be negative. For characteristic functions at random
    frequencies it is the squared MMD (theory notes 3.6); for differences of distribution functions on a grid,
    with weights 2·dy, it is the energy distance 2∫ΔF².

    Args:
        differences: (B, R) real or complex batch means at R frequencies or grid points, B >= 3.
        weights: (R,) weights of the sum over w; default 1/R each.

    Raises:
        ValueError: if there are fewer than 3 batches.
    """
    D = np.asarray(differences)
    batches, points = D.shape
    if batches < 3:
        raise ValueError(f"{batches} batches, at least 3 are needed for an error of their products")
    weight = np.full(points, 1 / points) if weights is None else np.asarray(weights, dtype=float)
    total, squares = D.sum(0), np.abs(D) ** 2
    value = float((np.abs(total) ** 2 - squares.sum(0)) @ weight) / (batches * (batches - 1))
    rest = np.abs(total - D) ** 2 - (squares.sum(0) - squares)
    left_out = rest @ weight / ((batches - 1) * (batches - 2))
    spread = np.sqrt((batches - 1) / batches * np.sum((left_out - left_out.mean()) ** 2))
    # Averaging the left-out values gives the U-statistic back: the jackknife finds no bias.
    return Jackknife(value, float(spread), degrees=batches - 1, bias=0.0)


def _draws(sample: ArrayLike, least: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    x = np.asarray(sample, dtype=float)
    if x.ndim != 1 or len(x) < least or not np.isfinite(x).all():
        raise ValueError(
            f"a sample must be at least {least} finite numbers in one dimension, got shape {x.shape}"
        )
    return x
