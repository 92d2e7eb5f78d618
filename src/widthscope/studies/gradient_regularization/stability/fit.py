"""Evidence of the family `stability`."""

from collections.abc import Mapping
from typing import Any

import xarray as xr


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """None yet."""
    return {}
