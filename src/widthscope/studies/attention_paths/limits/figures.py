"""Figures of the family `limits`."""

import xarray as xr

from widthscope.plotting import Drawing


def draw(fit: xr.DataTree) -> dict[str, Drawing]:
    """Drawings by name."""
    return {}
