"""Evidence of the family `features`: test loss and movement of features against the width."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import of_seeds
from widthscope.statistics.width_slopes import slope_evidence
from widthscope.studies.mup_second_order.arm_names import scaling_of
from widthscope.studies.mup_second_order.sweep_tables import Tables, tables_of
from widthscope.width_sweeps.curves import coordinate_curve

ARMS = ("kfac-mup", "kfac-sp")

ABOVE_BASE = 1
"""Widths that slopes of losses leave out: at the base width, the smallest, both arms are one network."""

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claim of the family and the curve of its figure, by path."""
    tables = tables_of(shards, "features")
    claims = {"wider-is-better-kfac": wider_is_better(tables)}
    return claim_tree(claims) | drawn(tables)


def measured(table: xr.Dataset, quantity: str) -> xr.DataArray:
    """A loss, or how far the second layer's pre-activations moved, after training: (width, seed)."""
    last = table.isel(step=-1, lr=0, damping=0, drop=True)
    return last["dh"].sel(layer=2, drop=True) if quantity == "features" else last[quantity]


def wider_is_better(tables: Tables) -> Evidence:
    """Slopes of both arms, and their paired difference at the largest width.

    The control of the difference are the same networks with all layers but the readout frozen: they start
    with the same outputs, and have no features to learn.
    """
    mup, sp = ARMS
    return {
        "test-loss": (
            _slope(tables, mup, "test_loss", drop=ABOVE_BASE),
            _slope(tables, sp, "test_loss", drop=ABOVE_BASE),
        ),
        "difference": (_difference(tables, ""), _difference(tables, "-frozen")),
        "features": (_slope(tables, mup, "features", 0.0), _slope(tables, sp, "features", 0.0)),
        "all-widths": (_slopes(tables, "test_loss"), None),
        "training-loss": (_slopes(tables, "train_loss", drop=ABOVE_BASE), None),
        "output-at-start": (_outputs_at_start(tables), None),
    }


def drawn(tables: Tables) -> dict[str, xr.Dataset]:
    """Losses and movement of both arms with their slopes, by path."""
    found = {}
    for arm in ARMS:
        losses = {name: measured(tables[arm], name) for name in ("test_loss", "train_loss")}
        curve = coordinate_curve(losses, drop=ABOVE_BASE)
        found[f"/curves/features/{arm}"] = curve.assign_attrs(
            curve.attrs | {"steps": int(tables[arm]["step"][-1])}
        )
        found[f"/curves/features-moved/{arm}"] = coordinate_curve(
            {"features": measured(tables[arm], "features")}
        )
    return found


def _slope(tables: Tables, arm: str, quantity: str, prediction: float = np.nan, drop: int = 0) -> xr.Dataset:
    return slope_evidence([scaling_of(arm)], [measured(tables[arm], quantity)], prediction, drop)


def _slopes(tables: Tables, quantity: str, drop: int = 0) -> xr.Dataset:
    return slope_evidence(
        [scaling_of(arm) for arm in ARMS],
        [measured(tables[arm], quantity) for arm in ARMS],
        drop=drop,
    )


def _difference(tables: Tables, suffix: str) -> xr.Dataset:
    """log2 of the test loss, maximal update less standard, seed by seed, at the largest width."""
    first, second = (measured(tables[f"{arm}{suffix}"], "test_loss").isel(width=-1) for arm in ARMS)
    name = f"width {int(first['width'])}{', readout alone' if suffix else ''}"
    return of_seeds([name], [np.log2(first.values) - np.log2(second.values)])


def _outputs_at_start(tables: Tables) -> xr.Dataset:
    cells = [(arm, place) for arm in ARMS for place in (0, -1)]
    found = {
        f"{scaling_of(arm)}, width {int(of_arm['width'])}": of_arm.values
        for arm, place in cells
        for of_arm in [tables[arm]["output_at_start"].isel(width=place)]
    }
    return of_seeds(list(found), list(found.values()))
