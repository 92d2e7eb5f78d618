"""Evidence on the exponents of one learning step."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.mup_local.exponents_of_width import slopes, without_smallest
from widthscope.studies.mup_local.onestep.rows import CODING, PROPAGATION, ROWS, Row

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

RESIDUAL = 1e-4
"""Relative residual of the inference above which a step is not judged: theory notes, trap 6."""

DIRECT = ("first", "hidden", "last")
THROUGH = "hidden to output"


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    table = shards["onestep"].to_dataset().load()
    moved = table["moved"].where(table["residual"] <= RESIDUAL)
    claims = {
        "onestep-exponents-pc": tests_of(moved, CODING),
        "onestep-exponents-tp": tests_of(moved, PROPAGATION),
    }
    return {**claim_tree(claims), "/curves/mup-local-onestep": curve(moved)}


def tests_of(moved: xr.DataArray, rows: Sequence[Row]) -> Evidence:
    """Slopes of the maximal update beside 0, those of other exponents and the way through beside the theory.

    Controls: rows of other exponents judged as if they were the maximal update; and the same slopes beside
    the prediction of a theory of gradient descent.
    """
    maximal = [row for row in rows if row.maximal]
    others = [row for row in rows if not row.maximal]
    unlike = [row for row in rows if row.slopes[:3] != row.wrong_slopes[:3]]
    return {
        "maximal-update": (
            _evidence(moved, maximal, DIRECT, [0.0] * len(maximal) * len(DIRECT)),
            _evidence(moved, others, DIRECT, [0.0] * len(others) * len(DIRECT)),
        ),
        "formula": (
            _evidence(moved, others, DIRECT, _flat(row.slopes[:3] for row in others)),
            _evidence(moved, unlike, DIRECT, _flat(row.wrong_slopes[:3] for row in unlike)),
        ),
        "through": (
            _evidence(moved, rows, (THROUGH,), _flat(row.slopes[3:] for row in rows)),
            _evidence(moved, rows, (THROUGH,), _flat(row.wrong_slopes[3:] for row in rows)),
        ),
        "drift": (
            _evidence(without_smallest(moved), rows, (*DIRECT, THROUGH), _flat(row.slopes for row in rows)),
            None,
        ),
    }


def curve(moved: xr.DataArray) -> xr.Dataset:
    """Slopes by row and change beside the prediction, and the changes by width, with their bands."""
    measured = xr.DataArray(
        np.array(
            [[slopes(moved.sel(row=row.name, change=c)) for c in moved["change"].values] for row in ROWS]
        ),
        dims=("row", "change", "member"),
        coords={"row": [row.name for row in ROWS], "change": moved["change"].values},
    )
    predicted = (("row", "change"), np.array([list(row.slopes) for row in ROWS]))
    maximal = ("row", [row.maximal for row in ROWS])
    return (
        xr.merge([band(measured, "slope", "member"), band(moved, "moved", "member")])
        .assign(predicted=predicted, maximal=maximal)
        .assign_attrs(seeds=moved.sizes["member"], coding=len(CODING))
    )


def _evidence(
    moved: xr.DataArray, rows: Sequence[Row], changes: Sequence[str], predictions: Sequence[float]
) -> xr.Dataset:
    names = [f"{row.name}: {change}" for row in rows for change in changes]
    values = [slopes(moved.sel(row=row.name, change=change)) for row in rows for change in changes]
    return of_seeds(names, values, list(predictions))


def _flat(rows: Any) -> list[float]:
    return [float(value) for row in rows for value in row]
