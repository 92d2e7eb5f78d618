"""Evidence of the family `diagonal`: joins the jobs, compares test errors, and keeps the figures' curves."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.gradient_regularization.diagonal.laws import argmin, flooding, log10, product_law
from widthscope.studies.gradient_regularization.diagonal.naming import by_ascent, named
from widthscope.studies.gradient_regularization.diagonal.shifts import (
    mean_field,
    mean_shift,
    monotone,
    places,
    predictions,
    support_ratio,
)

Array = np.ndarray[Any, np.dtype[np.float64]]
Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

EXPERIMENTS = (
    "uncentred",
    "centred",
    "larger",
    "verified-uncentred",
    "verified-centred",
    "descent",
    "flooded-uncentred",
    "flooded-centred",
)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    found = {name: joined(shards, name) for name in EXPERIMENTS}
    uncentred, centred, larger = (found[name] for name in ("uncentred", "centred", "larger"))
    judged = float(centred["ascent"].values[-1])
    shifts = predictions(uncentred)
    claims: dict[str, Evidence] = {
        "dln-product-law": product_law(found["verified-uncentred"], found["verified-centred"], found),
        "dln-argmin": argmin(found["verified-uncentred"], found["verified-centred"]),
        "dln-alpha-monotone": monotone(uncentred, larger),
        "dln-test-error": test_error(uncentred, centred, judged),
        "dln-mean-field": mean_field(shifts),
        "dln-backward-long-step": backward(uncentred, judged),
        "dln-centred-control": centred_control(uncentred, centred, judged),
        "flood-dln": flooding(found["flooded-uncentred"], found["flooded-centred"]),
    }
    return {
        **claim_tree(claims),
        "/curves/diagonal-scale": scale_curve(uncentred, shifts),
        "/curves/diagonal-error": error_curve(uncentred),
        "/curves/diagonal-coordinates": coordinate_curve(uncentred, centred, judged),
        "/curves/diagonal-gap": gap_curve(found["verified-uncentred"], judged),
    }


def joined(shards: Mapping[str, xr.DataTree], experiment: str) -> xr.Dataset:
    """One experiment from all shards that hold some of its seeds."""
    parts = [
        tree[experiment].to_dataset().load()
        for name, tree in sorted(shards.items())
        if (name == "diagonal" or name.startswith("diagonal-")) and experiment in tree.children
    ]
    parts.sort(key=lambda part: int(part["seed"][0]))
    return xr.concat(
        parts, dim="seed", data_vars="minimal", coords="minimal", compat="override", combine_attrs="override"
    )


def test_error(uncentred: xr.Dataset, centred: xr.Dataset, judged: float) -> Evidence:
    """Differences of test errors, paired by seed."""
    error = uncentred["test_error"]
    double = error.sel(ascent=0.0)
    steps = [ascent for ascent in uncentred["ascent"].values if ascent >= 0]
    neighbours = {
        f"{after:g} less {before:g}": (error.sel(ascent=after) - error.sel(ascent=before)).values
        for before, after in pairwise(steps)
    }
    return {
        "forward": (
            of_seeds(f"forward {judged:g}", [error.sel(ascent=judged) - double]),
            of_seeds(f"backward {judged:g}", [error.sel(ascent=-judged) - double]),
        ),
        "double": (of_seeds("with a mean", [against_plain(uncentred)]), _centred_error(centred)),
        "against-plain": (by_ascent(error - uncentred["plain_error"]), None),
        "neighbours": (of_seeds(list(neighbours), list(neighbours.values())), None),
        "plain": (of_seeds("plain flow", [uncentred["plain_error"]]), None),
    }


def against_plain(table: xr.Dataset, ascent: float = 0.0) -> Array:
    """Test error less that of the plain flow, (seed,); of double backpropagation where nothing is said."""
    return np.asarray((table["test_error"].sel(ascent=ascent) - table["plain_error"]).values)


def _centred_error(centred: xr.Dataset) -> xr.Dataset:
    return of_seeds("centred", [against_plain(centred)])


def backward(uncentred: xr.Dataset, judged: float) -> Evidence:
    """Mean shift after long backward steps, and after the shortest."""
    ascents = uncentred["ascent"].values
    shortest = float(ascents[ascents < 0][-1])
    shift = mean_shift(uncentred)
    return {
        "shift": (
            of_seeds(named(-judged), [shift.sel(ascent=-judged)]),
            of_seeds(named(shortest), [shift.sel(ascent=shortest)]),
        ),
        "error": (of_seeds(named(-judged), [against_plain(uncentred, -judged)]), None),
    }


def centred_control(uncentred: xr.Dataset, centred: xr.Dataset, judged: float) -> Evidence:
    """Test error and place of the shift for centred inputs; an even shift, and inputs with a mean."""
    ascents = {"double backpropagation": 0.0, named(judged): judged}
    return {
        "error": (
            _centred_error(centred),
            of_seeds("spread evenly", [centred["even_error"] - centred["plain_error"]]),
        ),
        "support": (
            of_seeds("double backpropagation", [support_ratio(centred)]),
            of_seeds("double backpropagation", [support_ratio(uncentred)]),
        ),
        "shifts": (
            of_seeds(
                [f"{place}, {name}" for name in ascents for place in ("support", "elsewhere")],
                [values for ascent in ascents.values() for values in places(centred, ascent)],
            ),
            None,
        ),
        "forward": (of_seeds(named(judged), [against_plain(centred, judged)]), None),
    }


def scale_curve(uncentred: xr.Dataset, shifts: xr.Dataset) -> xr.Dataset:
    """Mean shift off the support over the ascent step, and predictions."""
    curve = band(shifts["observed"], "observed").merge(shifts[["population", "linearised"]])
    return curve.assign(data=shifts["data"].mean("seed")).assign_attrs(_attrs(uncentred))


def error_curve(uncentred: xr.Dataset) -> xr.Dataset:
    """Test error less that of the plain flow over the ascent step."""
    difference = uncentred["test_error"] - uncentred["plain_error"]
    plain = float(uncentred["plain_error"].mean())
    return band(difference, "difference").assign_attrs({**_attrs(uncentred), "plain": plain})


def coordinate_curve(uncentred: xr.Dataset, centred: xr.Dataset, judged: float) -> xr.Dataset:
    """Mean shift of each coordinate with double backpropagation, with a mean and without."""
    curves = {
        name: band(table["log_shift"].sel(ascent=0.0, drop=True), name)
        for name, table in (("uncentred", uncentred), ("centred", centred))
    }
    return xr.merge(curves.values()).assign_attrs({**_attrs(uncentred), "judged": judged})


def gap_curve(verified: xr.Dataset, judged: float) -> xr.Dataset:
    """Decimal logarithm of the gap by candidate, at the judged forward step."""
    gap = verified["gap"].sel(ascent=judged, drop=True)
    return band(gap.copy(data=log10(gap)), "gap").assign_attrs(
        {"seeds": verified.sizes["seed"], "judged": judged}
    )


def _attrs(table: xr.Dataset) -> dict[str, Any]:
    return {**table.attrs, "seeds": table.sizes["seed"]}
