"""Series of the tables that `measurements.curves` makes, drawn with their intervals."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes


def names(table: xr.Dataset) -> list[str]:
    """Names of the series, in their order in the table."""
    return list(dict.fromkeys(str(name) for name in table["series"].values))


def part(table: xr.Dataset, name: str) -> xr.Dataset:
    """The rows of one series.

    Raises:
        KeyError: if there is none of this name.
    """
    chosen = np.flatnonzero(table["series"].values == name)
    if not chosen.size:
        raise KeyError(f"no series '{name}' among {names(table)}")
    return table.isel(row=chosen)


def last(table: xr.Dataset, name: str) -> float:
    """Estimate at the largest x of a series."""
    series = part(table, name)
    return float(series["estimate"].values[np.argmax(series["x"].values)])


def line(axes: Axes, table: xr.Dataset, name: str, **style: Any) -> None:
    """Draw a series as a line without marks."""
    series = part(table, name)
    axes.plot(series["x"], series["estimate"], **style)


def bars(axes: Axes, table: xr.Dataset, name: str, **style: Any) -> None:
    """Draw a series as marks with their intervals."""
    series = part(table, name)
    below = np.clip(series["estimate"] - series["low"], 0, None)
    above = np.clip(series["high"] - series["estimate"], 0, None)
    style = {"linestyle": "none", "markeredgewidth": 1.2 if style.get("marker") == "x" else 0, **style}
    axes.errorbar(series["x"], series["estimate"], yerr=np.stack([below, above]), **style)
