"""Evidence of the family `transfer`: drift of the best learning rate with the width, and what it attains."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, of_counts, of_estimates
from widthscope.statistics.optimum import CLIFF, curves, drift, mean_optima, optima, transfer_regret
from widthscope.statistics.over_seeds import of_seeds
from widthscope.statistics.width_slopes import slope_evidence
from widthscope.studies.mup_local.trained_tables import trained_tables
from widthscope.studies.mup_local.transfer.cases import CASES, RULES
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

FIRST, LAST = 0, -1
"""Recorded steps: those after which rates of predictive coding are compared, and all."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = trained_tables(shards, "transfer", CASES)
    claims = {
        "pc-lr-transfer": transfer_tests(tables, ("si-0", "si-1"), "si-sp", FIRST),
        "pc-gbar-small-effect": accuracy_tests(tables),
        "pc-wider-is-better": wider_tests(tables),
        "tp-lr-transfer": transfer_tests(tables, ("dtp",), "dtp-sp", LAST),
    }
    claims["pc-lr-transfer"]["all-steps"] = (drifts(tables, RULES["pc"], LAST), None)
    lines = {
        f"/curves/transfer/{row}": _line(tables[row], FIRST if row in RULES["pc"] else LAST) for row in CASES
    }
    return {**claim_tree(claims), **lines}


def training_losses(table: xr.Dataset, record: int = LAST) -> xr.DataArray:
    """Losses on all training images, (width, lr, seed), as of `statistics.optimum.curves`.

    Args:
        table: of a row.
        record: which of its recorded steps; a network that diverges later has not diverged there.
    """
    then = table.isel(step=[record])
    lost = table["diverged"] & (table["diverged_step"] <= int(then["step"].item()))
    return curves(then.assign(diverged=lost)).transpose("width", "lr", "seed")


def drifts(tables: Mapping[str, xr.Dataset], rows: Sequence[str], record: int, drop: int = 0) -> xr.Dataset:
    """Drift of log2 of the best rate per doubling of the width, one component for each row."""
    found = [drift(optima(training_losses(tables[row], record)), drop) for row in rows]
    return of_estimates(
        [WORDS[row] for row in rows], found, 0.0, n=[tables[row].sizes["seed"] for row in rows]
    )


def transfer_tests(
    tables: Mapping[str, xr.Dataset], rows: Sequence[str], wrong: str, record: int
) -> Evidence:
    """Drift of log2 of the best rate per doubling of the width, and the wrong parameterisation's."""
    every = (*rows, wrong)
    words = [WORDS[row] for row in every]
    losses = {row: training_losses(tables[row], record) for row in every}
    found = {row: optima(losses[row]) for row in every}
    regret = [transfer_regret(losses[row]).values for row in every]
    widths, seeds = losses[wrong]["width"].values, losses[wrong].sizes["seed"]
    cliffs = [int((found[row]["flag"] == CLIFF).any("width").sum()) for row in every]
    return {
        "drift": (drifts(tables, rows, record), drifts(tables, (wrong,), record)),
        "without-narrowest": (drifts(tables, every, record, min(1, len(widths) - 2)), None),
        "optimum": (
            of_estimates(
                [f"{name}, M={width}" for name in words for width in widths],
                [each for row in every for each in mean_optima(found[row])],
                n=seeds,
            ),
            None,
        ),
        "cliff": (of_counts(words, cliffs, seeds), None),
        "regret": (of_seeds(words, [np.where(np.isinf(each), np.nan, each) for each in regret]), None),
        "diverges": (of_counts(words, [int(np.isinf(each).sum()) for each in regret], seeds), None),
    }


def accuracy_tests(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Test accuracy at each seed's best rate: gamma_bar = 0 less -1; the widest less the narrowest."""
    zero, one, wrong = (best(tables[row], "test_acc") for row in RULES["pc"])
    widest = zero.isel(width=-1).values
    pairs = [(zero - one).sel(width=width).values for width in zero["width"].values]
    loss = [best(tables[row], "train_loss").isel(width=-1).values for row in ("si-0", "si-1")]
    return {
        "accuracy": (
            of_seeds(["largest width"], pairs[-1:], 0.0),
            of_seeds(["widest less narrowest"], [widest - zero.isel(width=0).values], 0.0),
        ),
        "every-width": (of_seeds([f"M={width}" for width in zero["width"].values], pairs, 0.0), None),
        "standard": (
            of_seeds(["standard parameterisation"], [widest - wrong.isel(width=-1).values], 0.0),
            None,
        ),
        "loss": (of_seeds(["gamma=0", "gamma=-1"], loss), None),
    }


def wider_tests(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Slope on log M of the logarithm of the training loss at each seed's best rate."""
    losses = {row: best(tables[row], "train_loss") for row in RULES["pc"]}
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
    place = training_losses(table).fillna(np.inf).argmin("lr")
    values = table[quantity].isel(step=-1, damping=0, drop=True).astype(float)
    return values.isel(lr=place).drop_vars("lr").transpose("width", "seed")


def _line(table: xr.Dataset, record: int) -> xr.Dataset:
    """What a figure shows of a row, with the number of steps as attribute `steps`.

    Optima are drawn at the grid's least loss: beside a network about to diverge the parabola's means nothing.
    """
    losses = training_losses(table, record)
    least = losses.min("lr").sortby("width")
    height = least.copy(data=np.log(least.values)).mean("seed")
    curve = transfer_curve(losses).assign(optimum_loss=("width", np.exp(height.values)))
    return curve.assign_attrs(steps=int(table["step"].values[record]))
