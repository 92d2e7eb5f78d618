"""How many seeds would decide what the seeds so far leave open."""

import math

from widthscope.coordinate_check.verdicts import LEVEL, MARGIN, Check, Slope
from widthscope.statistics.intervals import interval

MOST_SEEDS = 1000
"""More than these nobody trains."""


def seeds_to_decide(slope: Slope, seeds: int, comparisons: int) -> int | None:
    """About how many seeds, were slope and scatter to stay, leave the interval on one side of the margin.

    Args:
        slope: undecided.
        seeds: of which its interval was made.
        comparisons: over which that is joint.

    Returns:
        the number, or None where not even `MOST_SEEDS` are enough.
    """
    distance = abs(MARGIN - abs(slope.value))
    scatter = (slope.value - slope.low) / _half(seeds, comparisons)
    if not math.isfinite(scatter):
        return None
    enough = (
        number
        for number in range(seeds + 1, MOST_SEEDS + 1)
        if scatter * _half(number, comparisons) <= distance
    )
    return next(enough, None)


def seeds_for(check: Check, seeds: int) -> tuple[int | None, list[str]]:
    """The largest such number over a check's undecided layers, and the layers that no number decides."""
    found = {
        layer.layer: seeds_to_decide(layer.change, seeds, 2 * len(check.layers))
        for layer in check.layers
        if layer.change.verdict == "undecided" and not layer.faint
    }
    numbers = [number for number in found.values() if number is not None]
    return max(numbers, default=None), [name for name, number in found.items() if number is None]


def _half(seeds: int, comparisons: int) -> float:
    """Half-width of the interval of a mean of so many slopes that scatter by one."""
    _, high = interval(0.0, 1 / math.sqrt(seeds), LEVEL, seeds - 1, comparisons)
    return float(high)
