"""Axes of shares and likenesses, which are from 0 to 1 whatever an interval of a few seeds allows."""

from matplotlib.axes import Axes


def keep_to_possible_values(*panels: Axes) -> None:
    """End the y axes at 0 and 1, with room for marks on either, where intervals reach further."""
    for axes in panels:
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, -0.02), min(high, 1.02))
