"""Evidence on the equilibrium of predictive coding."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.mup_local.exponents_of_width import slope_evidence

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
RESIDUAL = 0.01
"""Relative residual of an eigenvalue above which it is not judged: it bounds the eigenvalue's own error."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    closed, fixed, limit, stability = (
        shards["equilibrium"][name].to_dataset().load()
        for name in ("closed-form", "fixed-predictions", "gauss-newton", "stability")
    )
    largest = stability["largest"].where(stability["residual"] <= RESIDUAL)
    claims: dict[str, Evidence] = {
        "pc-equilibrium-closed-form": {"deviation": closed_form(closed)},
        "pc-fpa-equals-bp": {"deviation": fixed_predictions(fixed)},
        "pc-gnt-limit": {"slope": gauss_newton_limit(limit)},
        "pc-inference-stability": stable(largest),
    }
    return {**claim_tree(claims), "/curves/pc-equilibrium": curve(closed, fixed, limit, largest)}


def closed_form(table: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Worst deviation over networks of each part, beside that of a form that forgets energies' weights."""
    parts = [str(name) for name in table.data_vars]
    right, wrong = (
        evidence(
            parts,
            [float(table[name].sel(form=form).max(skipna=False)) for name in parts],
            0.0,
            n=table.sizes["member"],
        )
        for form in ("closed", "wrong")
    )
    return right, wrong


def fixed_predictions(table: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Worst deviation over networks at each gamma_L, beside that with moving predictions."""
    names = [f"gamma={energy:g}" for energy in table["energy"].values]
    right, wrong = (
        evidence(
            names,
            table["deviation"].sel(assumption=assumption).max("member", skipna=False).values,
            0.0,
            n=table.sizes["member"],
        )
        for assumption in ("fixed", "moving")
    )
    return right, wrong


def gauss_newton_limit(table: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Slope of the distance on gamma_L, beside that of the distance from back-propagation's direction."""
    right, wrong = (
        of_seeds([target], [_slopes(table["distance"].sel(target=target))], -1.0)
        for target in ("gauss-newton", "back-propagation")
    )
    return right, wrong


def stable(largest: xr.DataArray) -> Evidence:
    """Slopes of the largest eigenvalue where the theory says stable, beside where it says not."""
    right = ("standard", "gauss-newton")
    unstable = slope_evidence(["readout 1/2, gamma grows"], [largest.sel(arm="unstable")], 0.0)
    return {
        "slope": (
            slope_evidence(list(right), [largest.sel(arm=arm) for arm in right], 0.0),
            unstable,
        ),
        "grows": (
            unstable,
            slope_evidence(list(right), [largest.sel(arm=arm) for arm in right], 0.0),
        ),
        "level": (
            of_seeds(
                [f"{arm}, M={width}" for arm in right for width in largest["width"].values],
                [
                    largest.sel(arm=arm, width=width).values
                    for arm in right
                    for width in largest["width"].values
                ],
            ),
            None,
        ),
    }


def curve(closed: xr.Dataset, fixed: xr.Dataset, limit: xr.Dataset, largest: xr.DataArray) -> xr.Dataset:
    """Distances by gamma_L and eigenvalues by width with their bands; worst deviations of the identities."""
    right = closed.sel(form="closed")
    worst = max(float(right[name].max(skipna=False)) for name in right.data_vars)
    return xr.merge(
        [band(limit["distance"], "distance", "member"), band(largest, "largest", "member")]
    ).assign_attrs(
        closed=worst,
        fixed=float(fixed["deviation"].sel(assumption="fixed").max(skipna=False)),
        networks=closed.sizes["member"],
        seeds=largest.sizes["member"],
    )


def _slopes(distance: xr.DataArray) -> FloatArray:
    """Of log distance on log gamma_L, for every member."""
    table = distance.transpose("energy", "member")
    abscissa = np.log(table["energy"].values)
    abscissa = abscissa - abscissa.mean()
    found: FloatArray = abscissa @ np.log(table.values) / np.square(abscissa).sum()
    return found
