"""Evidence of the family `training`: what changed from the first to the last recorded step."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.qk_spectrum.training.tables import by_width, late_mass

Quantity = Callable[[xr.Dataset], xr.DataArray]

SHOWN_EIGENVALUES = 4096
"""Eigenvalues in one panel of the figure; seeds beyond are left out of it."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = by_width(shards)
    widest = tables[max(tables)]
    claims = {"training-moves-trace": moves_trace(tables)}
    curves = {
        "training-scores": score_curves(tables),
        "training-attention": attention_curves(widest),
        "training-eigenvalues": eigenvalue_clouds(widest),
    }
    return claim_tree(claims) | {f"/curves/{name}": curve for name, curve in curves.items()}


def moves_trace(tables: Mapping[int, xr.Dataset]) -> dict[str, tuple[xr.Dataset, xr.Dataset | None]]:
    """By test the walk arm's changes and, as control, those of the arm of independent tokens.

    The test `iid-norm` is about the independent tokens themselves, and its control is the walk arm.
    """
    changes: dict[str, Quantity] = {
        "trace-score": lambda table: _change(table["trace_score"]),
        "concentration": lambda table: table["concentration"].isel(step=-1),
        "late-mass": lambda table: _change(late_mass(table["profile"])),
        "entropy": lambda table: _change(table["entropy"]),
    }
    tests: dict[str, tuple[xr.Dataset, xr.Dataset | None]] = {
        name: (_evidence(tables, quantity, "walk"), _evidence(tables, quantity, "iid"))
        for name, quantity in changes.items()
    }
    tests["iid-norm"] = (_evidence(tables, _growth, "iid"), _evidence(tables, _growth, "walk"))
    tests["iid-score"] = (_evidence(tables, lambda table: table["trace_score"].isel(step=-1), "iid"), None)
    return tests


def score_curves(tables: Mapping[int, xr.Dataset]) -> xr.Dataset:
    """Trace score, concentration and log of the norm over (width, arm, step), means over the seeds with
    half-widths; of the logarithm, since a norm that decays by orders of magnitude has no band below zero."""
    found = [
        xr.merge(
            [
                band(table["trace_score"], "trace_score"),
                band(table["concentration"], "concentration"),
                band(xr.ufuncs.log(table["frobenius"]), "log_frobenius"),
            ],
            compat="equals",
        )
        for table in tables.values()
    ]
    return xr.concat(found, dim=xr.Variable("width", list(tables)), join="exact")


def attention_curves(table: xr.Dataset) -> xr.Dataset:
    """Mean attention by lag before and after training, and its entropy by step, over (arm, ...)."""
    tokens = table.sizes["token"]
    ends = table["profile"].isel(step=[0, -1]).assign_coords(token=np.arange(tokens - 1, -1, -1))
    ends = ends.rename(token="lag", step="end").assign_coords(end=["before", "after"])
    return xr.merge(
        [band(ends, "attention"), band(table["entropy"], "entropy")], compat="equals"
    ).assign_attrs(table.attrs)


def eigenvalue_clouds(table: xr.Dataset) -> xr.Dataset:
    """Eigenvalues over the edge that the law at initialisation has at their matrix's norm, ||W||_F / sqrt(d).

    Over (cloud, point): at the start, which both arms share, and at the end of each arm.
    """
    head_dim = int(table.attrs["head_dim"])
    seeds = slice(0, max(1, SHOWN_EIGENVALUES // head_dim))
    edge = table["frobenius"] / np.sqrt(int(table.attrs["width"]))
    scaled = (table["eigenvalues"] / edge).isel(seed=seeds)
    clouds = {
        "before": scaled.isel(step=0).sel(arm="walk"),
        "walk": scaled.isel(step=-1).sel(arm="walk"),
        "iid": scaled.isel(step=-1).sel(arm="iid"),
    }
    points = np.stack([cloud.transpose("seed", "eigenvalue").values.ravel() for cloud in clouds.values()])
    columns = {"real": (("cloud", "point"), points.real), "imaginary": (("cloud", "point"), points.imag)}
    return xr.Dataset(columns, coords={"cloud": list(clouds)}, attrs=table.attrs)


def _evidence(tables: Mapping[int, xr.Dataset], quantity: Quantity, arm: str) -> xr.Dataset:
    """One component for each width."""
    values = [quantity(table.sel(arm=arm)).transpose("seed").values for table in tables.values()]
    return of_seeds([f"d={width}" for width in tables], values)


def _change(values: xr.DataArray) -> xr.DataArray:
    """From the first recorded step to the last."""
    return values.isel(step=-1, drop=True) - values.isel(step=0, drop=True)


def _growth(table: xr.Dataset) -> xr.DataArray:
    """Norm of W at the last recorded step over that at the first."""
    norm = table["frobenius"]
    return norm.isel(step=-1, drop=True) / norm.isel(step=0, drop=True)
