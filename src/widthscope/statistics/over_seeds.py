"""From values per seed to evidence and to the bands of figures: seeds are the sampling unit."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from widthscope.statistics.evidence import of_estimates
from widthscope.statistics.intervals import batch_means
from widthscope.statistics.quantiles import critical_value

BAND_LEVEL = 0.99
"""Level of the bands in the figures, each point on its own."""


def of_seeds(
    components: str | Sequence[str],
    values: Sequence[ArrayLike],
    prediction: ArrayLike | None = None,
    possible: tuple[float, float] | None = None,
) -> xr.Dataset:
    """Evidence of means over seeds, one component each.

    Args:
        components: C names.
        values: for each component its values (seed,); a NaN among them, as of a seed that diverged, makes the
            component count as not measured, since leaving that seed out would favour those that did not.
        prediction: of every component, or of each.
        possible: least and largest value that the means can have, finite.
    """
    return of_estimates(
        components,
        [batch_means(np.asarray(seeds, dtype=float)) for seeds in values],
        prediction=prediction,
        n=[np.size(seeds) for seeds in values],
        possible=possible,
    )


def band(values: xr.DataArray, name: str, dim: str = "seed") -> xr.Dataset:
    """Mean over seeds as `name`, and half the width of its interval as `name`_half."""
    means = batch_means(values.transpose(dim, ...).values)
    half = critical_value(BAND_LEVEL, means.degrees) * means.standard_error
    rest = [other for other in values.dims if other != dim]
    coords = {other: values[other] for other in rest if other in values.coords}
    return xr.Dataset({name: (rest, means.value), f"{name}_half": (rest, half)}, coords=coords)
