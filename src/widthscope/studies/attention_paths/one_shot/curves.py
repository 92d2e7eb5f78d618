"""Curves of the family's figures: those of each architecture by itself."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from widthscope.statistics.over_seeds import band
from widthscope.studies.attention_paths.one_shot.tables import (
    accuracy_of,
    agreements,
    gain_over_random,
    rank_correlations,
)

SHOWN_NETS = 3
"""Networks whose order parameters are drawn."""


def by_path(tables: Mapping[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    """Curves by path, the name of the architecture among the attributes.

    Those of the first architecture have the names of the figures; others end on theirs, as in "-l3-h3".
    """
    found = {}
    for place, (architecture, table) in enumerate(tables.items()):
        ending = "" if place == 0 else f"-{architecture.lower().replace('=', '').replace(', ', '-')}"
        for name, curve in CURVES.items():
            attrs = {**table.attrs, "architecture": architecture}
            found[f"/curves/{name}{ending}"] = curve(table).assign_attrs(attrs)
    return found


def accuracy_curve(table: xr.Dataset) -> xr.Dataset:
    """``accuracy`` (net, predictor) on test episodes, the trained network among the predictors."""
    names = [str(name) for name in table["predictor"].values]
    values = [accuracy_of(table, name) for name in names]
    return xr.Dataset(
        {"accuracy": (("predictor", "net"), np.stack([*values, table["trained"].values]))},
        coords={"predictor": [*names, "trained"], "net": table["net"]},
    )


def order_curve(table: xr.Dataset) -> xr.Dataset:
    """Both order parameters of the first networks, with their correlation and its mean over relabellings."""
    found = agreements(table)[:SHOWN_NETS]
    shown = table[["order", "trained_order"]].isel(net=slice(0, SHOWN_NETS))
    return shown.assign(
        correlation=("net", np.array([one.correlation for one in found])),
        null_mean=("net", np.array([one.null_mean for one in found])),
    )


def score_curve(table: xr.Dataset) -> xr.Dataset:
    """``score`` and ``drop`` (net, position), and each network's rank correlation, the gradient's beside."""
    return xr.Dataset(
        {
            "score": table["score"].sel(source="theory", drop=True),
            "drop": table["drop"],
            "correlation": ("net", np.diag(rank_correlations(table, "theory")).copy()),
            "gradient_correlation": ("net", np.diag(rank_correlations(table, "gradient")).copy()),
        },
    )


def pruning_curve(table: xr.Dataset) -> xr.Dataset:
    """``accuracy`` and its half-width over (order_of_pruning, step), and the ``gain`` over random."""
    orders = [str(name) for name in table["order_of_pruning"].values]
    gains = [float(gain_over_random(table, name).mean()) for name in orders]
    return band(table["pruned"], "accuracy", dim="net").assign(gain=("order_of_pruning", gains))


CURVES = {
    "one-shot-accuracy": accuracy_curve,
    "one-shot-order": order_curve,
    "one-shot-scores": score_curve,
    "one-shot-pruning": pruning_curve,
}
