"""Evidence of the family `loader`."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.errors import StudyError
from widthscope.statistics.evidence import claim_tree, evidence


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    if "loader" not in shards:
        raise StudyError("the sweep has no shard 'loader'")
    table = shards["loader"].to_dataset().load()
    right, wrong = _right(table), _wrong(table)
    tests = {"scores": (right, wrong), "wrong-readings": (wrong, right)}
    curve = xr.Dataset(
        {"right": table["error"].max("draw"), "wrong": table["wrong_error"].min("draw")}, attrs=table.attrs
    )
    return {**claim_tree({"checkpoint-loader": tests}), "/curves/loader": curve}


def _right(table: xr.Dataset) -> xr.Dataset:
    """The largest error over the draws, by layout."""
    return evidence([str(name) for name in table["layout"].values], table["error"].max("draw").values, 0.0)


def _wrong(table: xr.Dataset) -> xr.Dataset:
    """The smallest error over the draws, by wrong reading."""
    pairs = zip(table["read_layout"].values, table["what"].values, strict=True)
    names = [f"{layout}: {what}" for layout, what in pairs]
    return evidence(names, table["wrong_error"].min("draw").values, 0.0)
