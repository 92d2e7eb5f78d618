"""Tables of trainings put together from the shards that they were shared out over."""

from collections.abc import Mapping
from typing import Any

import xarray as xr


def tables_of(shards: Mapping[str, xr.DataTree], family: str, node: str) -> list[xr.Dataset]:
    """Each arm's table (arm, seed) of one node from all shards of a family, seeds in order."""
    parts: dict[str, list[xr.Dataset]] = {}
    for name, shard in shards.items():
        if name.startswith(family) and node in shard.children:
            found: Any = shard[node]
            table = found.to_dataset(inherit=False)
            for place, arm in enumerate(table["arm"].values):
                parts.setdefault(str(arm), []).append(table.isel(arm=[place]))
    return [
        xr.concat(own, "seed", coords="minimal", compat="override", combine_attrs="override").sortby("seed")
        for own in parts.values()
    ]
