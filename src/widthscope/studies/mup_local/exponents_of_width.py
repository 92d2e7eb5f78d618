"""Exponents measured over widths: one least-squares slope for each seed, and their evidence."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from widthscope.statistics.over_seeds import of_seeds


def slopes(values: xr.DataArray) -> np.ndarray:
    """Slope of log values on log width for every member (member,).

    NaN where a value is missing or not positive: a seed is not judged by the widths at which it went well.

    Args:
        values: over width and member.
    """
    table = values.transpose("width", "member")
    abscissa = np.log2(table["width"].values.astype(np.float64))
    abscissa -= abscissa.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        ordinate = np.log2(table.values)
        found = abscissa @ ordinate / np.square(abscissa).sum()
    return np.where(np.isfinite(ordinate).all(axis=0), found, np.nan)


def slope_evidence(
    components: Sequence[str], values: Sequence[xr.DataArray], prediction: ArrayLike
) -> xr.Dataset:
    """Evidence of the mean slope over seeds, one component for each table over width and member."""
    return of_seeds(components, [slopes(one) for one in values], prediction)


def without_smallest(values: xr.DataArray, widths: int = 1) -> xr.DataArray:
    """The table without its smallest widths, of which two at least must be left."""
    return values.sortby("width").isel(width=slice(min(widths, values.sizes["width"] - 2), None))
