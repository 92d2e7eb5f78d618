"""Slope of a quantity's logarithm on that of the width, seed by seed: the exponent of a power of the width.

A seed's values at all widths make one least-squares line, and the slopes of independent seeds make the
interval: seeds are the sampling unit, whatever widths share. A slope without the narrowest widths tells
whether the power is still bending.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from widthscope.statistics.evidence import of_estimates
from widthscope.statistics.intervals import Estimate, batch_means

FloatArray = np.ndarray


def line_slopes(x: ArrayLike, y: ArrayLike) -> FloatArray:
    """Least-squares slope of y (..., K) on x (K,), (...); NaN where a value is not finite.

    Raises:
        ValueError: if there are fewer than two points, or all x are one.
    """
    abscissae, ordinates = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    centred = abscissae - abscissae.mean()
    if len(abscissae) < 2 or not centred.any():
        raise ValueError(f"a slope needs two different abscissae, got {abscissae}")
    with np.errstate(invalid="ignore"):
        found: FloatArray = (ordinates * centred).sum(axis=-1) / np.square(centred).sum()
    return np.where(np.isfinite(ordinates).all(axis=-1), found, np.nan)


def seed_slopes(values: xr.DataArray, drop: int = 0) -> xr.DataArray:
    """Slopes of log2 values on log2 width, over all dimensions but ``width``.

    Args:
        values: with a dimension ``width``; one that is not positive and finite makes its slope NaN.
        drop: how many of the smallest widths to leave out.

    Raises:
        ValueError: if fewer than two widths are left.
    """
    rising = values.sortby("width").isel(width=slice(drop, None)).transpose(..., "width")
    numbers = rising.values.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(numbers > 0, np.log2(numbers), np.nan)
    slopes = line_slopes(np.log2(rising["width"].values.astype(float)), logs)
    return rising.isel(width=0, drop=True).copy(data=slopes)


def width_slope(values: xr.DataArray, drop: int = 0) -> Estimate:
    """Mean over seeds of the slopes, with its standard error; values over (width, seed).

    NaN where any seed's slope is: leaving it out would favour those that did not diverge. Arguments and
    errors as of `seed_slopes`.
    """
    return over_seeds(seed_slopes(values, drop).values)


def slope_evidence(
    components: str | Sequence[str],
    values: Sequence[xr.DataArray],
    prediction: ArrayLike | None = None,
    drop: int = 0,
) -> xr.Dataset:
    """Evidence of slopes, one component for each of the values over (width, seed); as `width_slope`."""
    return of_estimates(
        components,
        [width_slope(each, drop) for each in values],
        prediction=prediction,
        n=[each.sizes["seed"] for each in values],
    )


def over_seeds(values: ArrayLike) -> Estimate:
    """Mean of values (seed,) and its standard error; of one seed alone the error is NaN, unknown."""
    numbers = np.asarray(values, dtype=float)
    if len(numbers) == 1:
        return Estimate(float(numbers[0]), np.nan)
    if not np.isfinite(numbers).all():
        return Estimate(np.nan, np.nan, degrees=len(numbers) - 1)
    return batch_means(numbers)
