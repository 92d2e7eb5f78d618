"""Tables of sweeps: from members to a grid of rates, dampings and seeds, and shards joined to one table."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.errors import WidthscopeError

GRID = ("lr", "damping", "seed")
MISSING: dict[str, Any] = {"diverged": False, "done": False, "diverged_step": -1}
"""What a table holds where nothing was trained; NaN elsewhere. Missing is not diverged."""


class TableError(WidthscopeError):
    """There is nothing to join, or one width and rate was trained twice."""


def gridded(
    trained: xr.Dataset, rates: Sequence[float], dampings: Sequence[float], seeds: Sequence[int]
) -> xr.Dataset:
    """Members in the order of a grid, as dimensions (width = 1, lr, damping, seed, ...).

    Args:
        trained: records over (member, ...) and `diverged_at` (member), all members of the grid, seeds
            varying fastest.
        rates, dampings, seeds: the grid.
    """
    shape = (1, len(rates), len(dampings), len(seeds))
    dims = ("width", *GRID)
    found = xr.Dataset(
        coords={"lr": [*map(float, rates)], "damping": [*map(float, dampings)], "seed": [*map(int, seeds)]}
    )
    if "step" in trained.coords:
        found = found.assign_coords(step=trained["step"].values)
    for name, values in trained.drop_vars("diverged_at").data_vars.items():
        rest = values.dims[1:]
        of_members = values.values.reshape(*shape, *values.shape[1:]).astype(np.float32)
        found[name] = ((*dims, *rest), of_members)
    at = trained["diverged_at"].values.reshape(shape)
    found["diverged"] = (dims, at >= 0)
    found["diverged_step"] = (dims, at)
    found["done"] = (dims, np.ones(shape, dtype=bool))
    return found


def joined(shards: Iterable[xr.Dataset]) -> xr.Dataset:
    """One table of shards that each hold some widths and rates: rates and widths rise.

    Where a width lacks a rate that another has, `done` is False and what was measured NaN.

    Raises:
        TableError: if there is no shard, or a width and rate comes twice.
    """
    by_width: dict[int, list[xr.Dataset]] = {}
    for shard in shards:
        for width in shard["width"].values:
            by_width.setdefault(int(width), []).append(shard.sel(width=[width]).load())
    if not by_width:
        raise TableError("no shard of a sweep was given to be joined")
    rows = []
    for width in sorted(by_width):
        parts = by_width[width]
        listed = [float(rate) for part in parts for rate in part["lr"].values]
        twice = next((rate for place, rate in enumerate(listed) if rate in listed[:place]), None)
        if twice is not None:
            raise TableError(f"width {width} was trained twice at learning rate {twice:g}")
        rows.append(_concatenated(parts, "lr").sortby("lr"))
    return _concatenated(rows, "width").sortby("lr")


def _concatenated(parts: Sequence[xr.Dataset], dim: str) -> xr.Dataset:
    if len(parts) == 1:
        return parts[0]
    fill = {str(name): MISSING.get(str(name), np.nan) for part in parts for name in part.data_vars}
    return xr.concat(
        parts,
        dim=dim,
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="outer",
        fill_value=fill,
        combine_attrs="override",
    )
