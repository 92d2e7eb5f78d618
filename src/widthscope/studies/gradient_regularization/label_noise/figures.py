"""Figures of the family `label_noise`."""

import xarray as xr

from widthscope.plotting import Drawing


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """None yet."""
    return {}
