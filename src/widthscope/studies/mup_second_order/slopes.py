"""Slopes over the width, one for each seed."""

import numpy as np
import xarray as xr


def seed_slopes(values: xr.DataArray, dim: str = "width") -> xr.DataArray:
    """Least-squares slope of log2 of the values on log2 of the width, for every seed and whatever else.

    Args:
        values: positive, over `dim` and others; a zero or NaN makes the slope NaN.
        dim: its coordinate holds the widths, at least two.
    """
    x = np.log2(values[dim].astype(float))
    x = x - x.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log2(values.where(values > 0))
    slopes: xr.DataArray = (x * logs).sum(dim, skipna=False) / (x**2).sum()
    return slopes.rename("slope")
