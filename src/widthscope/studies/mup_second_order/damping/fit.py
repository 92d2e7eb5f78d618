"""Evidence on the useful damping: where the loss is half-way to its plateau, over widths."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.half_level import PLATEAU, half_levels
from widthscope.statistics.over_seeds import band
from widthscope.statistics.width_slopes import slope_evidence
from widthscope.width_sweeps.tables import joined

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
SIDES = {"outputs": ("b", "outputs-standard", -1.0), "inputs": ("a", "inputs-first", 1.0)}
"""By factor: its letter in the claim's name, the node of the control, and the exponent."""

NAMES = {
    "outputs": "signals' factor",
    "outputs-standard": "signals' factor, standard parameterisation",
    "inputs": "inputs' factor, layers above the first",
    "inputs-first": "inputs' factor, first layer",
}


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figure, by path."""
    losses = {node: losses_of(shards, node) for node in NAMES}
    found = {
        f"damping-exponent-{letter}": side_tests(losses, side, rival, exponent)
        for side, (letter, rival, exponent) in SIDES.items()
    }
    return {**claim_tree(found), **{f"/curves/damping-{side}": curve(losses[side]) for side in SIDES}}


def losses_of(shards: Mapping[str, xr.DataTree], node: str) -> xr.DataArray:
    """Losses after the last step (width, damping, seed), of all shards of the family."""
    table = joined(
        tree[node].to_dataset()
        for name, tree in sorted(shards.items())
        if name == "damping" or name.startswith("damping-n")
    )
    return table["train_loss"].isel(lr=0, step=-1)


def side_tests(losses: Mapping[str, xr.DataArray], side: str, rival: str, exponent: float) -> Evidence:
    """Slope of the half-level damping on the width, beside that of a rival whose exponent is 0.

    Args:
        losses: (width, damping, seed) by node; dampings are absolute.
        side: node of the claim.
        rival: node of the control.
        exponent: predicted.
    """

    def slopes(node: str, drop: int = 0) -> xr.Dataset:
        return slope_evidence([NAMES[node]], [2.0 ** levels(losses[node])], exponent, drop)

    return {
        "exponent": (slopes(side), slopes(rival)),
        "smallest-width-left-out": (slopes(side, 1 if losses[side].sizes["width"] > 2 else 0), None),
    }


def levels(losses: xr.DataArray) -> xr.DataArray:
    """log2 of the half-level dampings; NaN where the least loss is at the end of the list and still falls.

    Half-way from such a loss would depend on where the list ends.
    """
    found: xr.DataArray = half_levels(losses)["log2_damping"]
    rising = losses.sortby("damping").transpose("damping", ...)
    values = rising.values
    first = np.isfinite(values).argmax(axis=0)
    second = np.minimum(first + 1, len(values) - 1)  # of a list of which only the last is finite, the last
    beginning, next_one = (np.take_along_axis(values, at[None], axis=0)[0] for at in (first, second))
    least = np.nanmin(np.where(np.isfinite(values), values, np.inf), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        falls = (beginning <= least) & ((next_one - beginning) > PLATEAU * (values[-1] - beginning))
    return found.where(~rising.isel(damping=0, drop=True).copy(data=falls))


def curve(losses: xr.DataArray) -> xr.Dataset:
    """Losses by width and damping with their bands, and half levels."""
    return band(losses, "loss").assign(band(levels(losses), "level"))
