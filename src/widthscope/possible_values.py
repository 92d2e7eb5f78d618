"""Axes of figures that end where the quantity does: intervals of few seeds reach further."""

from typing import Literal

from matplotlib.axes import Axes

ROOM = 0.03
"""Beyond the ends, as a share of what is possible: marks at the ends are drawn whole, no tick is there."""


def limit(axes: Axes, low: float, high: float, along: Literal["x", "y"] = "y") -> None:
    """Cut the axis, once all is drawn, to the values from `low` to `high` that its quantity can have."""
    room = ROOM * (high - low)
    least, largest = axes.get_xlim() if along == "x" else axes.get_ylim()
    ends = max(least, low - room), min(largest, high + room)
    if along == "x":
        axes.set_xlim(*ends)
    else:
        axes.set_ylim(*ends)
