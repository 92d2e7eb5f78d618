"""Figures of the family `flooding`."""

import xarray as xr

from widthscope.plotting import Drawing


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """None yet."""
    return {}
