"""A trend over ordered conditions that every seed went through (Page 1963, J. Am. Stat. Assoc. 58:216)."""

import numpy as np
from numpy.typing import ArrayLike

from widthscope.statistics.intervals import Estimate


def mean_rank_correlation(values: ArrayLike) -> Estimate:
    r"""Mean over the seeds of Spearman's correlation between a seed's values and the order of the conditions.

    Over k conditions and n seeds, Page's standardised statistic is the mean correlation times √(n(k - 1)):
    without a trend a seed's correlation has mean 0 and variance 1/(k - 1). The standard error given is that
    of this null law, or that among the seeds where it is larger, so that the interval has a width also if all
    seeds agree.

    Args:
        values: (k, n) values, k >= 2 conditions in order and n >= 2 seeds; ties share their rank, and a seed
            whose values are all equal has correlation 0.

    Returns:
        The mean correlation, between -1 (all seeds fall) and 1 (all rise), with n - 1 degrees of freedom.

    Raises:
        ValueError: if there are fewer than two conditions or seeds.
    """
    table = np.asarray(values, dtype=float)
    conditions, seeds = table.shape
    if conditions < 2 or seeds < 2:
        raise ValueError(f"a trend needs at least 2 conditions and 2 seeds, not {conditions} and {seeds}")
    ranks = np.sum(
        np.sign(table[:, None] - table[None, :]), axis=1
    )  # twice the rank's deviation from its mean
    order = np.arange(conditions) - (conditions - 1) / 2
    size = np.sqrt(np.sum(ranks**2, axis=0) * np.sum(order**2))
    correlation = np.divide(order @ ranks, size, out=np.zeros(seeds), where=size > 0)
    spread = max(float(correlation.std(ddof=1)), (conditions - 1) ** -0.5)
    return Estimate(float(correlation.mean()), spread / np.sqrt(seeds), seeds - 1)
