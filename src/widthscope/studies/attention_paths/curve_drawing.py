"""Curves with their intervals, as several families draw them: over widths, layers or ranks."""

from collections.abc import Mapping
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from widthscope.plotting import MARKERS, PALETTE


def curve(
    axes: Axes,
    places: ArrayLike,
    table: xr.Dataset,
    name: str,
    place: int,
    colour: str,
    label: str,
    **style: Any,
) -> None:
    """Draw `name` of a table with `name`_half, half the width of its intervals.

    Args:
        axes: a panel.
        places: along x, one for each value.
        table: over one dimension, or a single point.
        name: of the means, as `statistics.over_seeds.band` names them.
        place: of the curve among its panel's, which chooses the marker; they repeat after the last.
        colour: a name in the palette, or a colour.
        label: in the legend.
        style: passed on to Matplotlib, in the place of a line of width 1.2 with that marker.
    """
    drawn: Mapping[str, Any] = {"lw": 1.2, "marker": MARKERS[place % len(MARKERS)], **style}
    axes.errorbar(
        places,
        table[name],
        table[f"{name}_half"],
        color=PALETTE.get(colour, colour),
        label=label,
        **drawn,
    )
