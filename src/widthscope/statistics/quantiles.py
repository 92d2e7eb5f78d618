"""Critical values of the normal and of Student's law, and limits of counts, shared out over comparisons."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainccinv, betaincinv, ndtr, ndtri, stdtr, stdtrit


def critical_value(level: float, degrees: float = np.inf, comparisons: int = 1) -> float:
    """Return c such that estimate ± c·SE covers with this level, jointly over the comparisons (Bonferroni).

    Args:
        level: joint two-sided level in (0, 1).
        degrees: degrees of freedom of the standard error; infinite for the normal law.
        comparisons: number of intervals that are to hold together.

    Raises:
        ValueError: if the level is outside (0, 1), or comparisons < 1, or degrees <= 0.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}, allowed: 0 < level < 1")
    if comparisons < 1:
        raise ValueError(f"comparisons is {comparisons}, allowed: at least 1")
    if not degrees > 0:
        raise ValueError(f"degrees is {degrees}, allowed: more than 0")
    tail = (1 - level) / (2 * comparisons)
    return float(-ndtri(tail) if np.isinf(degrees) else -stdtrit(degrees, tail))


def level_of(critical: float, degrees: float = np.inf) -> float:
    """Return the two-sided level of estimate ± critical·SE."""
    return float(1 - 2 * (ndtr(-critical) if np.isinf(degrees) else stdtr(degrees, -critical)))


def share_limits(
    successes: ArrayLike, trials: ArrayLike, level: float, comparisons: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return the exact limits of a probability by the successes in some trials (Clopper and Pearson, 1934).

    They cover with at least this level at any number of trials: 0 of n leaves shares up to 1 - tail^(1/n),
    tail = (1 - level) / (2 comparisons), possible.

    Args:
        successes: any shape, whole numbers from 0 to trials.
        trials: independent trials, at least 1; same shape.
        level: joint two-sided level in (0, 1).
        comparisons: number of intervals that are to hold together.
    """
    tail = (1 - level) / (2 * comparisons)
    k, n = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    with np.errstate(invalid="ignore"):  # Beta(0, .) and Beta(., 0) are the ends themselves
        lower = np.where(k > 0, betaincinv(k, n - k + 1, tail), 0.0)
        upper = np.where(k < n, betainccinv(k + 1, n - k, tail), 1.0)
    return lower, upper


def familywise(level: float, tests: int) -> float:
    """Return the level of each of several tests whose joint level is `level`: 1 - (1 - level)/tests.

    Raises:
        ValueError: if tests < 1 or the level is outside (0, 1).
    """
    if tests < 1 or not 0 < level < 1:
        raise ValueError(f"level {level} and tests {tests}, allowed: 0 < level < 1 and at least one test")
    return 1 - (1 - level) / tests
