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
SIDES = {"outputs": ("b", "rho_B_eff", -1.0), "inputs": ("a", "rho_A_eff", 1.0)}
"""By factor: its letter in the claim's name, the variable of its absolute damping, and the exponent."""

HIDDEN = 2
"""Layer whose absolute damping is followed: that of all layers with its exponent."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figure, by path."""
    found: dict[str, Evidence] = {}
    curves = {}
    for side, (letter, absolute, exponent) in SIDES.items():
        table = joined(
            tree[side].to_dataset()
            for name, tree in sorted(shards.items())
            if name == "damping" or name.startswith("damping-n")
        )
        losses = table["train_loss"].isel(lr=0, step=-1)
        factors = (table[absolute] / table["damping"]).sel(layer=HIDDEN).isel(damping=0)
        found[f"damping-exponent-{letter}"] = side_tests(losses, factors, exponent)
        curves[f"/curves/damping-{side}"] = curve(losses, factors)
    return {**claim_tree(found), **curves}


def side_tests(losses: xr.DataArray, factors: xr.DataArray, exponent: float) -> Evidence:
    """Slope of the absolute half-level damping, beside that in units of the width's own power.

    Args:
        losses: (width, damping, seed), dampings in units of the base width's.
        factors: (width,) what a unit is worth at each width.
        exponent: predicted.
    """
    names = "half-level damping"

    def slopes(of: xr.DataArray, drop: int = 0) -> tuple[xr.Dataset, xr.Dataset]:
        in_units = 2.0 ** levels(of)
        return (
            slope_evidence([names], [in_units * factors], exponent, drop),
            slope_evidence([f"{names} in units"], [in_units], exponent, drop),
        )

    return {
        "exponent": slopes(losses),
        "one-range-of-dampings": slopes(shared(losses, factors)),
        "smallest-width-left-out": (slopes(losses, 1 if losses.sizes["width"] > 2 else 0)[0], None),
    }


def levels(losses: xr.DataArray) -> xr.DataArray:
    """log2 of the half-level dampings; NaN where the least loss is at the end of the list and still falls.

    The list follows the width, so that half-way from such a loss would follow it too.
    """
    found: xr.DataArray = half_levels(losses)["log2_damping"]
    rising = losses.sortby("damping").transpose("damping", ...)
    values = rising.values
    first = np.isfinite(values).argmax(axis=0)
    beginning, next_one = (np.take_along_axis(values, (first + k)[None], axis=0)[0] for k in (0, 1))
    least = np.nanmin(np.where(np.isfinite(values), values, np.inf), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        falls = (beginning <= least) & ((next_one - beginning) > PLATEAU * (values[-1] - beginning))
    return found.where(~rising.isel(damping=0, drop=True).copy(data=falls))


def shared(losses: xr.DataArray, factors: xr.DataArray) -> xr.DataArray:
    """Losses at the absolute dampings that no width's list begins above; NaN at smaller ones."""
    absolute = losses["damping"] * factors
    begins = float(absolute.min("damping").max())
    return losses.where(absolute > begins * (1 - 1e-6))


def curve(losses: xr.DataArray, factors: xr.DataArray) -> xr.Dataset:
    """Losses by width and damping with their bands, absolute dampings, and half levels."""
    table = band(losses, "loss").assign(band(levels(losses) + np.log2(factors), "level"))
    return table.assign(factor=factors)
