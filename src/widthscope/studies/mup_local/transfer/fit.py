"""Evidence of the family `transfer`: drift of the best learning rate with the width, and what it attains."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, of_estimates
from widthscope.statistics.optimum import curves, drift, mean_optima, optima, transfer_regret
from widthscope.statistics.over_seeds import of_seeds
from widthscope.statistics.width_slopes import slope_evidence
from widthscope.studies.mup_local.trained_tables import trained_tables
from widthscope.studies.mup_local.transfer.cases import CASES
from widthscope.width_sweeps.curves import transfer_curve

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

WORDS = {
    "si-0": "gamma=0",
    "si-1": "gamma=-1",
    "si-sp": "standard parameterisation",
    "dtp": "maximal update",
    "dtp-sp": "standard parameterisation",
}
"""Rows as components of a claim name them."""

GUESSING = 0.1
"""Accuracy of a network that diverged: one of ten classes."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = trained_tables(shards, "transfer", CASES)
    claims = {
        "pc-lr-transfer": transfer_tests(tables, ("si-0", "si-1"), "si-sp"),
        "pc-gbar-small-effect": accuracy_tests(tables),
        "pc-wider-is-better": wider_tests(tables),
        "tp-lr-transfer": transfer_tests(tables, ("dtp",), "dtp-sp"),
    }
    lines = {f"/curves/transfer/{row}": transfer_curve(training_losses(tables[row])) for row in CASES}
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
    half = batches.isel(update=slice(steps // 2, None))
    later = half.copy(data=np.log(half.values)).mean("update", skipna=False)
    later = later.copy(data=np.exp(later.values))
    lost = table["diverged"].isel(damping=0, drop=True) | ~np.isfinite(later)
    kept = later.where(~lost & (later < untrained), untrained)
    return kept.where(table["done"].isel(damping=0, drop=True)).transpose("width", "lr", "seed")


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
    """Test accuracy at each seed's best rate: gamma_bar = 0 less another's, at the largest width."""
    zero, one = (best(tables[row], "test_acc") for row in ("si-0", "si-1"))
    wrong = transferred(tables["si-sp"], "test_acc").fillna(GUESSING)
    pairs = [(zero - one).sel(width=width).values for width in zero["width"].values]
    loss = [best(tables[row], "train_loss").isel(width=-1).values for row in ("si-0", "si-1")]
    return {
        "accuracy": (
            of_seeds(["largest width"], pairs[-1:], 0.0),
            of_seeds(["standard parameterisation"], [zero.isel(width=-1).values - wrong.values], 0.0),
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


def transferred(table: xr.Dataset, quantity: str) -> xr.DataArray:
    """A quantity at the largest width, at the rate that is best at the smallest, (seed,); NaN if diverged."""
    place = training_losses(table).isel(width=0, drop=True).fillna(np.inf).argmin("lr")
    values = table[quantity].isel(width=-1, step=-1, damping=0, drop=True).astype(float)
    return values.isel(lr=place).drop_vars("lr")


def _seeds(table: xr.Dataset) -> int:
    return int(table.sizes["seed"])
