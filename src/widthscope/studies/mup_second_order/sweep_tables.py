"""A family's shards joined to one table for each arm."""

from collections.abc import Mapping
from fnmatch import fnmatch

import xarray as xr

from widthscope.width_sweeps.tables import joined

Tables = dict[str, xr.Dataset]


def tables_of(shards: Mapping[str, xr.DataTree], family: str) -> Tables:
    """Every arm's table over (width, lr, damping, seed, step, layer), of all shards of the family.

    Args:
        shards: by name; those named `family` or `family`-... hold a node for each of their arms.
        family: name of the family.
    """
    parts: dict[str, list[xr.Dataset]] = {}
    for name, tree in shards.items():
        if name == family or fnmatch(name, f"{family}-*"):
            for arm, node in tree.children.items():
                parts.setdefault(arm, []).append(node.to_dataset())
    return {arm: joined(each) for arm, each in parts.items()}
