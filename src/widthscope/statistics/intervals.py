"""Estimates with standard errors from independent batches or seeds, and their intervals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from widthscope.statistics.quantiles import critical_value, familywise

__all__ = [
    "Bootstrap",
    "Estimate",
    "Jackknife",
    "batch_means",
    "bootstrap",
    "critical_value",
    "familywise",
    "interval",
    "jackknife",
]

Statistic = Callable[..., Any]


@dataclass(frozen=True)
class Estimate:
    """An estimate, or an array of them, with standard errors and their degrees of freedom."""

    value: Any
    standard_error: Any
    degrees: float = np.inf

    def interval(self, level: float = 0.99, comparisons: int = 1) -> tuple[Any, Any]:
        """Return the two-sided interval of this level, joint over the comparisons."""
        return interval(self.value, self.standard_error, level, self.degrees, comparisons)


@dataclass(frozen=True)
class Jackknife(Estimate):
    """A jackknifed estimate. `value` is the statistic of all batches; `value - bias` is the corrected one."""

    bias: Any = 0.0


@dataclass(frozen=True)
class Bootstrap:
    """A bootstrapped statistic: its value, standard error and interval of the level asked for."""

    value: float
    standard_error: float
    interval: tuple[float, float]
    level: float


def interval(
    value: ArrayLike,
    standard_error: ArrayLike,
    level: float = 0.99,
    degrees: float = np.inf,
    comparisons: int = 1,
) -> tuple[Any, Any]:
    """Return value ± c·SE, c being Student's (or for infinite degrees the normal) quantile.

    Args:
        value: any shape.
        standard_error: same shape.
        level: two-sided level in (0, 1), joint over the comparisons (Bonferroni).
        degrees: degrees of freedom of the standard error.
        comparisons: intervals that are to hold together.
    """
    half = critical_value(level, degrees, comparisons) * np.asarray(standard_error, dtype=float)
    centre = np.asarray(value, dtype=float)
    return (centre - half)[()], (centre + half)[()]


def batch_means(batches: ArrayLike, axis: int = 0) -> Estimate:
    """Return the mean over independent batches and its standard error, sd/√B with B - 1 degrees of freedom.

    Args:
        batches: B >= 2 batch means along `axis`, of equal size; other axes are kept.
        axis: the batch axis.

    Raises:
        ValueError: if there are fewer than two batches.
    """
    means = np.asarray(batches, dtype=float)
    count = _batches(means.shape[axis])
    return Estimate(means.mean(axis), means.std(axis, ddof=1) / np.sqrt(count), degrees=count - 1)


def jackknife(statistic: Statistic, *batches: ArrayLike) -> Jackknife:
    r"""Return a statistic of batches with its delete-one-batch standard error and bias.

    With T the statistic of all B batches, T_b that without batch b, and T. the mean of the T_b:

        SE² = (B - 1)/B · Σ (T_b - T.)²,   bias = (B - 1)(T. - T)   (Quenouille 1956, Tukey 1958).

    The standard error is consistent for smooth functions of means and for U-statistics, not for medians or
    maxima.

    Args:
        statistic: maps arrays with a leading batch axis to a number or an array, such as
            `lambda squares, fourths: fourths.mean(0) / squares.mean(0) ** 2 - 3`.
        batches: arrays of shape (B, ...) with a common B >= 2.

    Raises:
        ValueError: if there are fewer than two batches or the arrays disagree about B.
    """
    arrays = [np.asarray(array, dtype=float) for array in batches]
    count = _batches(min(len(array) for array in arrays))
    if any(len(array) != count for array in arrays):
        raise ValueError(f"the arrays hold different numbers of batches: {[len(array) for array in arrays]}")
    value = np.asarray(statistic(*arrays), dtype=float)
    left_out = np.stack(
        [
            np.asarray(statistic(*(np.delete(array, batch, axis=0) for array in arrays)), dtype=float)
            for batch in range(count)
        ]
    )
    centre = left_out.mean(0)
    spread = np.sqrt((count - 1) / count * ((left_out - centre) ** 2).sum(0))
    return Jackknife(value[()], spread[()], degrees=count - 1, bias=((count - 1) * (centre - value))[()])


def bootstrap(
    statistic: Statistic,
    seeds: ArrayLike,
    generator: np.random.Generator,
    level: float = 0.99,
    resamples: int = 4999,
    method: Literal["BCa", "percentile"] = "BCa",
) -> Bootstrap:
    """Return a statistic over seeds with its bootstrap interval (scipy.stats.bootstrap).

    Args:
        statistic: maps an array (..., S) to (...), called with the keyword `axis`, such as `np.mean`.
        seeds: (S,) one number per seed, S >= 2.
        generator: random stream of the resampling.
        level: two-sided level in (0, 1).
        resamples: bootstrap samples; an interval of level 0.99 wants a few thousand.
        method: BCa corrects bias and skewness; it needs a statistic that varies under deletion of one seed.

    Raises:
        ValueError: if there are fewer than two seeds.
    """
    from scipy import stats  # a second to import, and only this function needs it

    sample = np.asarray(seeds, dtype=float)
    _batches(len(sample))
    found = stats.bootstrap(
        (sample,),
        statistic,
        confidence_level=level,
        n_resamples=resamples,
        method=method,
        rng=generator,
        vectorized=True,
    )
    low, high = (float(end) for end in found.confidence_interval)
    return Bootstrap(float(statistic(sample, axis=-1)), float(found.standard_error), (low, high), level)


def _batches(count: int) -> int:
    if count < 2:
        raise ValueError(f"{count} batches carry no standard error, at least 2 are needed")
    return count
