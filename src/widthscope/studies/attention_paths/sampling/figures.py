"""Figures of the family `sampling`."""

import xarray as xr

from widthscope.plotting import Drawing


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {}
