"""What the spectral stage imports, and training does not."""

import xarray as xr


def moment(weights: xr.DataArray, power: int) -> xr.DataArray:
    """Mean of a power over the width."""
    return (weights**power).mean("width")
