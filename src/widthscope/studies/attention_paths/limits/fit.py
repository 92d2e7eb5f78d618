"""Evidence of the family `limits`."""

from collections.abc import Mapping
from typing import Any

import xarray as xr


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    return {}
