"""What ascent steps are called in tables, and evidence with one component for each."""

import xarray as xr

from widthscope.statistics.over_seeds import of_seeds


def named(ascent: float) -> str:
    """How an ascent step is called."""
    if ascent == 0:
        return "double backpropagation"
    return f"{'forward' if ascent > 0 else 'backward'} {abs(ascent):g}"


def by_ascent(values: xr.DataArray) -> xr.Dataset:
    """Means over seeds, one component for each ascent step."""
    names = [named(ascent) for ascent in values["ascent"].values]
    return of_seeds(names, list(values.transpose("ascent", "seed").values))
