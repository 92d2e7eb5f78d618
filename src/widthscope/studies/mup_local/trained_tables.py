"""Tables of trained rows, joined from the shards that each trained some widths and rates."""

from collections.abc import Container, Mapping

import xarray as xr

from widthscope.width_sweeps.tables import joined


def trained_tables(
    shards: Mapping[str, xr.DataTree], family: str, rows: Container[str]
) -> dict[str, xr.Dataset]:
    """By row its table (width, lr, damping, seed, ...), of all the family's shards."""
    found: dict[str, list[xr.Dataset]] = {}
    for shard in sorted(shards):
        if shard == family or shard.startswith(f"{family}-"):
            for name, node in shards[shard].children.items():
                if name not in rows:
                    continue
                found.setdefault(name, []).append(node.to_dataset().load())
    return {name: joined(parts) for name, parts in found.items()}


def at_step(table: xr.Dataset, name: str, step: int, layer: int | None = None) -> xr.DataArray:
    """One quantity over (width, seed) after a number of updates, of a sweep with one rate and no damping."""
    values = table[name].sel(step=step, drop=True)
    if layer is not None:
        values = values.sel(layer=layer, drop=True)
    return values.isel(lr=0, damping=0, drop=True).transpose("width", "seed")


def where_inferred(values: xr.DataArray, table: xr.Dataset, limit: float) -> xr.DataArray:
    """The values, NaN where the inference of a member ended above this relative residual at any record.

    Args:
        values: over (width, seed).
        table: of a row whose inference goes to the equilibrium.
        limit: of `infer_residual`.
    """
    worst = table["infer_residual"].isel(lr=0, damping=0, drop=True).max("step", skipna=False)
    return values.where(worst.transpose("width", "seed") <= limit)
