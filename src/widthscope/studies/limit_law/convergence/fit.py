"""Evidence for the claims about the rate at which the output law converges."""

from collections.abc import Mapping
from typing import Any

import xarray as xr


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence and curves, by path in the fit's tree."""
    return {}
