"""The tables that the family's shards hold, by path, and the order of their sizes."""

import re
from collections.abc import Mapping

import xarray as xr

Tables = dict[str, xr.Dataset]


def tables_of(shards: Mapping[str, xr.DataTree]) -> Tables:
    """Every node with data of the family's shards, by its path without the leading slash."""
    return {
        node.path.lstrip("/"): node.to_dataset()
        for name, tree in shards.items()
        if name == "memorisation" or name.startswith("memorisation-")
        for node in tree.subtree
        if node.data_vars
    }


def sizes_of(tables: Tables, part: str) -> list[str]:
    """Names below a part, such as H16 or N64-H32, in the order of their numbers."""
    names = {path.split("/")[1] for path in tables if path.startswith(f"{part}/")}
    return sorted(names, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])
