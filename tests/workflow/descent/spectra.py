"""The spectral stage: moments of the weights at every step."""

from typing import Any

import xarray as xr

from widthscope.studies.descent.moments import moment
from widthscope.work import Work


def analyse(swept: xr.DataTree, settings: dict[str, Any], work: Work) -> xr.Dataset:
    """The moment of the weights, `moment` (step)."""
    weights = swept["weights"]
    assert weights.chunks is not None, "the sweep must be read lazily"
    return xr.Dataset({"moment": moment(weights, settings["power"])}).load()
