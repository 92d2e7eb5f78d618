"""Exponents measured over widths: one slope for each member, which is a seed."""

from collections.abc import Sequence

import xarray as xr
from numpy.typing import ArrayLike

from widthscope.attention.gram import FloatArray
from widthscope.statistics.width_slopes import seed_slopes
from widthscope.statistics.width_slopes import slope_evidence as evidence_of_seeds


def slopes(values: xr.DataArray) -> FloatArray:
    """Slope of log values on log width for every member (member,).

    NaN where a value is missing or not positive: a seed is not judged by the widths at which it went well.

    Args:
        values: over width and member.
    """
    found: FloatArray = seed_slopes(values).values
    return found


def slope_evidence(
    components: Sequence[str], values: Sequence[xr.DataArray], prediction: ArrayLike
) -> xr.Dataset:
    """Evidence of the mean slope, one component for each table over width and member."""
    return evidence_of_seeds(components, [one.rename(member="seed") for one in values], prediction)


def without_smallest(values: xr.DataArray, widths: int = 1) -> xr.DataArray:
    """The table without its smallest widths, of which two at least must be left."""
    return values.sortby("width").isel(width=slice(min(widths, values.sizes["width"] - 2), None))
