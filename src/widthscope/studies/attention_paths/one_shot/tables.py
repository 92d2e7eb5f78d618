"""What the theory's stage stored of all networks, joined by architecture, and numbers per network from it."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from widthscope.path_theory import pruning_orders as orders
from widthscope.streams import numpy_generator
from widthscope.studies.attention_paths.one_shot import relabelling

Column = NDArray[np.float64]

SPECTRA = "spectra/one-shot"
"""How the names of the stores of this family's second stage begin."""

SOLVED = ("finite width", "scalar", "diagonal")
"""Predictors with solves of their own, at the temperatures of the grid alone."""

SHAPE = ("layers", "heads", "key_dim", "width")


def architectures(shards: Mapping[str, xr.DataTree]) -> dict[str, xr.Dataset]:
    """Tables of `theory_stage.analyse` over all networks, by the name of their architecture."""
    found: dict[tuple[int, ...], list[xr.Dataset]] = {}
    for shard in sorted(shards):
        if shard.startswith(SPECTRA):
            table = shards[shard].to_dataset().load()
            found.setdefault(tuple(int(table.attrs[name]) for name in SHAPE), []).append(table)
    plain = len({shape[:2] for shape in found}) == len(found)
    return {_name(shape, plain): _joined(tables) for shape, tables in found.items()}


def heads_of(table: xr.Dataset) -> tuple[int, ...]:
    """Heads of each layer."""
    return (int(table.attrs["heads"]),) * int(table.attrs["layers"])


def accuracy_of(table: xr.Dataset, predictor: str) -> Column:
    """Accuracy of a predictor on test episodes at its own temperature, (net,).

    NaN where a predictor does not exist; that of a predictor with solves of its own, where any solve of the
    grid did not converge, since its choice of a temperature would be another's.
    """
    one = table["predicted"].sel(predictor=predictor, set="test")
    own = _at_temperature(one, table["chosen"].sel(predictor=predictor))
    if predictor in SOLVED:
        own = own.where(one.sel(temperature=table["grid"].values).notnull().all("temperature"))
    if predictor == "finite width":
        own = own.where((table["converged"] == 1).all("grid"))
    return np.asarray(own.transpose("net").values)


def accuracy_at_width(table: xr.Dataset, width: int) -> Column:
    """The same of the theory at one of its widths, (net,)."""
    one = table["predicted_at_width"].sel(theory_width=width, set="test")
    own = _at_temperature(one, table["chosen_at_width"].sel(theory_width=width))
    known = one.sel(temperature=table["grid"].values).notnull().all("temperature")
    return np.asarray(own.where(known).transpose("net").values)


def at_end(table: xr.Dataset, predictor: str, warmest: bool) -> Column:
    """1 where a predictor's temperature is the coldest, or the warmest, that was offered to it, (net,)."""
    offered = table["grid" if predictor in SOLVED else "temperature"].values
    chosen = table["chosen"].sel(predictor=predictor)
    end = offered.max() if warmest else offered.min()
    return np.asarray((chosen == end).astype(float).where(chosen.notnull()).transpose("net").values)


def rank_correlations(table: xr.Dataset, source: str) -> NDArray[np.float64]:
    """Spearman correlation of scores with single-head drops, (network of drops, network of scores).

    The diagonal is each network's own. NaN where a score is not known.
    """
    score = _standard_ranks(table["score"].sel(source=source).transpose("net", "position").values)
    drop = _standard_ranks(table["drop"].transpose("net", "position").values)
    return np.asarray(drop @ score.T / score.shape[1])


def rank_correlations_in_layers(table: xr.Dataset, source: str) -> Column:
    """Mean over layers of the Spearman correlation within a layer, (net,)."""
    layers, heads = int(table.attrs["layers"]), int(table.attrs["heads"])
    score = table["score"].sel(source=source).transpose("net", "position").values.reshape(-1, layers, heads)
    drop = table["drop"].transpose("net", "position").values.reshape(-1, layers, heads)
    product = _standard_ranks(score) * _standard_ranks(drop)
    return np.asarray(product.mean(axis=(1, 2)))


def gain_over_random(table: xr.Dataset, order: str) -> Column:
    """Accuracy along an order of pruning less that along random orders, mean over all removals, (net,)."""
    removed = table["pruned"].isel(step=slice(1, None)).mean("step", skipna=False)
    return np.asarray(
        (removed.sel(order_of_pruning=order) - removed.sel(order_of_pruning="random")).transpose("net").values
    )


def gain_of_others_order(table: xr.Dataset) -> Column:
    """The same along the order of another network's scores, mean over all the other networks, (net,)."""
    scores = table["score"].sel(source="theory").transpose("net", "position").values
    random = table["pruned"].sel(order_of_pruning="random").transpose("net", "step").values
    signed = table["signed_parts"].transpose("net", "test", "path").values
    heads, count = heads_of(table), len(scores)
    found = np.full(count, np.nan)
    if np.isnan(scores).any() or count < 2:
        return found
    layer = np.repeat(np.arange(len(heads)), heads)
    head = np.concatenate([np.arange(each) for each in heads])
    through = np.array(list(np.ndindex(*heads))).T[layer] == head[:, None]  # (position, path)
    kept = np.stack([orders.kept_along(orders.rising(one, heads), heads)[1:] for one in scores])
    left = ((~kept).astype(np.float32) @ through.astype(np.float32) == 0).astype(np.float32)
    for net in range(count):
        others = left[np.arange(count) != net].reshape(-1, left.shape[-1])
        found[net] = (signed[net] @ others.T > 0).mean() - random[net, 1:].mean()
    return found


def agreements(table: xr.Dataset, shift: int = 0) -> list[relabelling.Agreement]:
    """Agreement of each network's order parameter of the theory with its trained one, as a list over nets.

    Args:
        table: of one architecture.
        shift: which network's trained weights to take instead, counted from each, around.
    """
    heads = heads_of(table)
    paths = relabelling.relabellings(heads, numpy_generator("attention_paths", "relabellings", *heads))
    theory, trained = (
        table[name].transpose("net", "path", "path2").values for name in ("order", "trained_order")
    )
    return [
        relabelling.agreement(one, trained[(net + shift) % len(trained)], paths)
        for net, one in enumerate(theory)
    ]


def off_diagonal_correlations(table: xr.Dataset) -> Column:
    """Pearson correlation of the two order parameters' entries off the diagonal, (net,)."""
    off = ~np.eye(table.sizes["path"], dtype=bool)
    return np.array(
        [
            np.corrcoef(one[off], other[off])[0, 1]
            for one, other in zip(table["order"].values, table["trained_order"].values, strict=True)
        ]
    )


def _at_temperature(values: xr.DataArray, chosen: xr.DataArray) -> xr.DataArray:
    return values.where(values["temperature"] == chosen).max("temperature")


def _joined(tables: list[xr.Dataset]) -> xr.Dataset:
    return xr.concat(tables, dim="net", join="exact", combine_attrs="drop_conflicts").sortby("net")


def _name(shape: tuple[int, ...], plain: bool) -> str:
    layers, heads, key_dim, width = shape
    return f"L={layers}, H={heads}" + ("" if plain else f", G={key_dim}, N={width}")


def _standard_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks along the last axis with mean 0 and mean square 1, ties sharing one; NaN where all are equal."""
    from scipy import stats  # half a second to import

    ranks = stats.rankdata(values, axis=-1, nan_policy="propagate")
    centred = ranks - ranks.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.asarray(centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True)))
