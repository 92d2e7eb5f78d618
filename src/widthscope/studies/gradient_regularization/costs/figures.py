"""Figures of the family `costs`."""

import xarray as xr

from widthscope.plotting import Drawing


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """None yet."""
    return {}
