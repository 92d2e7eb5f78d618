"""How many times larger a sample must be: for a narrower interval, and in words."""

from collections.abc import Callable
from typing import Any

import numpy as np

from widthscope.statistics.quantiles import critical_value

MOST_TIMES = 1000.0
"""Where more is needed, the estimate cannot be told from the limit that it is compared with (it lies within
a thirtieth of the half-width), and how much more is needed would be read off its chance error."""


def smallest_factor(decides: Callable[[float], bool]) -> float:
    """Return the smallest factor from 1 to `MOST_TIMES` that decides, to 1 %; infinite where none does.

    Args:
        decides: whether a sample so many times as large decides; taken to stay true once it is.
    """
    if not decides(MOST_TIMES):
        return np.inf
    low, high = 1.0, MOST_TIMES
    while high > 1.01 * low:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high


def factor_for(half: float, room: float, degrees: float = np.inf, tail_level: float = 0.99) -> float:
    """Return how many times larger a sample has an interval of half-width `room` in place of `half`.

    The half-width falls as c/√n; with few batches Student's quantile c falls as well. Infinite where no
    sample up to `MOST_TIMES` as large does.

    Args:
        half: half-width of the present interval, > 0.
        room: half-width that would do.
        degrees: degrees of freedom behind the interval, one less than its batches.
        tail_level: two-sided level of this one interval.
    """
    if not (np.isfinite(half) and half > 0 and room > 0):
        return np.inf
    if half / MOST_TIMES > room:
        return np.inf
    if np.isinf(degrees):
        times = (half / room) ** 2
        return times if times <= MOST_TIMES else np.inf
    present = critical_value(tail_level, degrees)

    def narrow(times: float) -> bool:
        critical = critical_value(tail_level, more_degrees(degrees, times))
        return bool(half * critical / present / np.sqrt(times) <= room)

    return smallest_factor(narrow)


def more_degrees(degrees: Any, times: float) -> Any:
    """Degrees of freedom, a number or an array of them, of so many times as many batches."""
    return (degrees + 1) * times - 1


def in_words(times: float) -> str:
    """Such as ``a sample about 2.2 times as large``; of no use for infinity."""
    larger = "slightly larger" if times < 1.5 else f"about {float(f'{times:.2g}'):g} times as large"
    return f"a sample {larger}"
