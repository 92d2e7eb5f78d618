"""Evidence of the family `flatness`: log ratios to plain descent, paired by seed, at one loss."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.gradient_regularization.arms import called
from widthscope.studies.gradient_regularization.tables import tables_of

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

QUANTITIES = {"squared_gradient": "squared gradient norm", "trace": "Hessian trace"}
ORDER = ("plain", "slower", "double", "forward")


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claim of the family and the curves of its figure, by path."""
    tables = {activation: table_of(shards, activation) for activation in ("tanh", "relu")}
    return claim_tree({"nn-flatter": flatter(**tables)}) | {
        f"/curves/flatness-ratios/{activation}": curves(table) for activation, table in tables.items()
    }


def table_of(shards: Mapping[str, xr.DataTree], activation: str) -> xr.Dataset:
    """One table (arm, seed) from all shards of the family, arms in the order of `ORDER`."""
    whole = tables_of(shards, "flatness", activation)
    whole.sort(key=lambda table: (ORDER.index(_arm(table).partition("-")[0]), _arm(table)))
    return xr.concat(whole, "arm", combine_attrs="override")


def _arm(table: xr.Dataset) -> str:
    return str(table["arm"].item())


def label(table: xr.Dataset, arm: str) -> str:
    """What an arm is called."""
    if arm == "slower":
        return "SGD at a lower rate"
    one = table.sel(arm=arm)
    return called(str(one["method"].values), float(one["ascent"].values))


def log_ratio(table: xr.Dataset, arm: str, quantity: str) -> NDArray[np.float64]:
    """Logarithm (seed,) of an arm's quantity over that of plain descent; NaN unless both are above 0."""
    ratio = (table[quantity].sel(arm=arm) / table[quantity].sel(arm="plain")).values
    return np.log(np.where(ratio > 0, ratio, np.nan))


def ratios(table: xr.Dataset, arms: Sequence[str], suffix: str = "") -> xr.Dataset:
    """Evidence of the log ratios of both quantities for each arm."""
    cells = [(arm, quantity) for arm in arms for quantity in QUANTITIES]
    return of_seeds(
        [f"{label(table, arm)}, {QUANTITIES[quantity]}" for arm, quantity in cells],
        [log_ratio(table, arm, quantity + suffix) for arm, quantity in cells],
    )


def flatter(tanh: xr.Dataset, relu: xr.Dataset) -> Evidence:
    """Log ratios to plain descent, judged where the loss is smooth, and with ReLU at the shortest ascent.

    Controls: plain descent at a lower rate, and as many updates in place of the same loss.
    """
    smooth = [str(arm) for arm in tanh["arm"].values if arm not in ("plain", "slower")]
    forward = sorted(
        (str(arm) for arm in relu["arm"].values if str(arm).startswith("forward")),
        key=lambda arm: float(relu["ascent"].sel(arm=arm).values),
    )
    shortest = forward[:1]
    updates = {
        f"{label(table, str(arm))}, {name}": table["updates"].sel(arm=arm).values
        for name, table in (("tanh", tanh), ("ReLU", relu))
        for arm in table["arm"].values
    }
    return {
        "tanh": (ratios(tanh, smooth), ratios(tanh, ["slower"])),
        "relu": (ratios(relu, shortest), ratios(relu, shortest, "_alike")),
        "relu-others": (ratios(relu, ["double", *forward[1:]]), None),
        "updates": (of_seeds(list(updates), list(updates.values())), None),
    }


def curves(table: xr.Dataset) -> xr.Dataset:
    """Log ratios of every seed, (arm, quantity, seed), with means and intervals."""
    arms = [str(arm) for arm in table["arm"].values if arm != "plain"]
    values = xr.DataArray(
        np.stack([[log_ratio(table, arm, quantity) for quantity in QUANTITIES] for arm in arms]),
        dims=("arm", "quantity", "seed"),
        coords={"arm": arms, "quantity": list(QUANTITIES)},
    )
    return (
        xr.merge([values.rename("log_ratio").to_dataset(), band(values, "mean")])
        .assign_coords(label=("arm", [label(table, arm) for arm in arms]))
        .assign_attrs({**table.attrs, "seeds": table.sizes["seed"]})
    )
