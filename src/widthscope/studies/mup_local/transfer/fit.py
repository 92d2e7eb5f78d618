"""Evidence of the family `transfer`: drift of the best learning rate with the width, and what it attains."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, of_estimates
from widthscope.statistics.optimum import curves, drift, mean_optima, optima, transfer_regret
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.statistics.width_slopes import slope_evidence
from widthscope.studies.mup_local.trained_tables import trained_tables

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

WORDS = {
    "si-0": "gamma=0",
    "si-1": "gamma=-1",
    "si-sp": "standard parameterisation",
    "dtp": "maximal update",
    "dtp-sp": "standard parameterisation",
}
"""Rows as components of a claim name them."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = trained_tables(shards, "transfer")
    claims = {
        "pc-lr-transfer": transfer_tests(tables, ("si-0", "si-1"), "si-sp"),
        "pc-gbar-small-effect": accuracy_tests(tables),
        "pc-wider-is-better": wider_tests(tables),
        "tp-lr-transfer": transfer_tests(tables, ("dtp",), "dtp-sp"),
    }
    lines = {
        "/curves/pc-transfer": curve(tables, ("si-0", "si-1", "si-sp")),
        "/curves/tp-transfer": curve(tables, ("dtp", "dtp-sp")),
    }
    return {**claim_tree(claims), **lines}


def training_losses(table: xr.Dataset) -> xr.DataArray:
    """Geometric mean of the losses on the minibatches of a training's second half, (width, lr, seed).

    At the largest stable rates the loss oscillates, and that after the last step says in which phase.
    Networks that diverge, or are worse than before training, count as untrained: with the loss of their first
    minibatch. NaN where none was trained.
    """
    batches = table["batch_loss"].isel(damping=0, drop=True).astype(float)
    steps = batches.sizes["update"]
    untrained = batches.isel(update=0, drop=True)
    later = np.exp(np.log(batches.isel(update=slice(steps // 2, None))).mean("update", skipna=False))
    lost = table["diverged"].isel(damping=0, drop=True) | ~np.isfinite(later)
    found: xr.DataArray = np.minimum(later.where(~lost, untrained), untrained)
    return found.where(table["done"].isel(damping=0, drop=True)).transpose("width", "lr", "seed")


def transfer_tests(tables: Mapping[str, xr.Dataset], rows: Sequence[str], wrong: str) -> Evidence:
    """Drift of log2 of the best rate per doubling of the width, and the wrong parameterisation's."""
    found = {row: optima(training_losses(tables[row])) for row in (*rows, wrong)}
    last = {row: optima(curves(tables[row])) for row in (*rows, wrong)}
    regret = {row: transfer_regret(training_losses(tables[row])) for row in (*rows, wrong)}
    every, words = (*rows, wrong), [WORDS[row] for row in (*rows, wrong)]
    widths = tables[wrong]["width"].values
    return {
        "drift": (
            of_estimates(words[:-1], [drift(found[row]) for row in rows], 0.0, n=_seeds(tables[wrong])),
            of_estimates(words[-1:], [drift(found[wrong])], 0.0, n=_seeds(tables[wrong])),
        ),
        "without-narrowest": (
            of_estimates(words, [drift(found[row], min(1, len(widths) - 2)) for row in every], 0.0),
            None,
        ),
        "last-loss": (of_estimates(words, [drift(last[row]) for row in every], 0.0), None),
        "optimum": (
            of_estimates(
                [f"{name}, M={width}" for name in words for width in widths],
                [each for row in every for each in mean_optima(found[row])],
            ),
            None,
        ),
        "regret": (of_seeds(words, [regret[row].values for row in every]), None),
    }


def accuracy_tests(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Test accuracy at each seed's best rate: gamma_bar = 0 against -1; wide against narrow."""
    zero, one = (best(tables[row], "test_acc") for row in ("si-0", "si-1"))
    narrow = zero.isel(width=-1).values - zero.isel(width=0).values
    pairs = [(zero - one).sel(width=width).values for width in zero["width"].values]
    loss = [best(tables[row], "train_loss").isel(width=-1).values for row in ("si-0", "si-1")]
    return {
        "accuracy": (
            of_seeds(["largest width"], pairs[-1:], 0.0),
            of_seeds(["widest less narrowest"], [narrow], 0.0),
        ),
        "every-width": (of_seeds([f"M={width}" for width in zero["width"].values], pairs, 0.0), None),
        "loss": (of_seeds(["gamma=0", "gamma=-1"], loss), None),
    }


def wider_tests(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Slope on log M of the logarithm of the training loss at each seed's best rate."""
    losses = {row: best(tables[row], "train_loss") for row in ("si-0", "si-1", "si-sp")}
    names = [WORDS[row] for row in losses]
    values = list(losses.values())
    widths = values[0]["width"].values
    levels = [one.sel(width=width).values for one in values for width in widths]
    return {
        "slope": (slope_evidence(names[:-1], values[:-1]), slope_evidence(names[-1:], values[-1:])),
        "level": (of_seeds([f"{name}, M={width}" for name in names for width in widths], levels), None),
    }


def best(table: xr.Dataset, quantity: str) -> xr.DataArray:
    """A quantity after the last step at the rate with each seed's smallest training loss, (width, seed)."""
    losses = training_losses(table)
    place = losses.fillna(np.inf).argmin("lr")
    values = table[quantity].isel(step=-1, damping=0, drop=True).astype(float)
    return values.isel(lr=place).drop_vars("lr").transpose("width", "seed")


def curve(tables: Mapping[str, xr.Dataset], rows: Sequence[str]) -> xr.Dataset:
    """Training losses over rates and widths with their bands, and the optima, of some rows."""
    parts = []
    for row in rows:
        losses = training_losses(tables[row])
        found = optima(losses)
        mean = mean_optima(found)
        one = band(losses, "loss")
        one["log2_lr"] = ("width", [float(each.value) for each in mean])
        one["log2_lr_se"] = ("width", [float(each.standard_error) for each in mean])
        one["untrained"] = tables[row]["batch_loss"].isel(update=0).mean().astype(float)
        one["drift"] = float(drift(found).value)
        one["drift_se"] = float(drift(found).standard_error)
        parts.append(one.expand_dims(row=[row]))
    joined: xr.Dataset = xr.concat(parts, dim="row", join="outer")
    return joined.assign_attrs(seeds=_seeds(tables[rows[0]]))


def _seeds(table: xr.Dataset) -> int:
    return int(table.sizes["seed"])
