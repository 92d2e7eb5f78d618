"""Evidence on readouts that start at zero."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.statistics.width_slopes import seed_slopes, slope_evidence
from widthscope.studies.mup_second_order.zero_init.settings import LIMIT

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
TOLERANCE = 1e-10
"""Of an identity in float64: rounding is worth some 1e-14, a wrong formula a thousandth at least."""

WRONG = {"wrong_damping": "half the damping", "wrong_labels": "targets of other images"}
STARTS = ("zeros", "random")
DAMPINGS = ("small", "large")


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    identity, rate, bias, dual = (joined(shards, name) for name in ("identity", "rate", "bias", "dual"))
    claims = {
        "zero-init-one-step-is-kernel-regression": identity_tests(identity),
        "zero-init-nngp-rate": rate_tests(rate),
        "zero-init-first-step-no-features": features_tests(identity),
        "zero-init-nngp-bias": bias_tests(bias),
        "software-dual-equals-primal": dual_tests(dual),
    }
    return {
        **claim_tree(claims),
        "/curves/zero-init-first-step": first_step_curve(identity, rate),
        "/curves/zero-init-bias": bias.copy(),
        "/curves/software-dual": xr.Dataset(
            {
                "difference": dual["difference"].max("draw", skipna=False),
                "wrong": dual["wrong"].min("draw", skipna=False),
            }
        ),
    }


def identity_tests(table: xr.Dataset) -> Evidence:
    """Deviations from kernel regression in tolerances, beside those from wrong regressions."""
    names = [f"M={width}" for width in table["width"].values]
    worst = table["deviation"].max("member", skipna=False).values / TOLERANCE
    wrong = [float(table[name].min(skipna=False)) / TOLERANCE for name in WRONG]
    return {
        "deviation": (
            evidence(names, worst, 0.0, 0.0),
            evidence(list(WRONG.values()), wrong, 0.0, 0.0),
        )
    }


def rate_tests(table: xr.Dataset) -> Evidence:
    """Slope of the distance from the limit, beside the predictor of permuted targets."""
    by_labels = {labels: table["distance"].sel(labels=labels) for labels in ("same", "permuted")}
    large = [one.where(one["width"] >= LIMIT, drop=True) for one in by_labels.values()]
    right, wrong = (slope_evidence([name], [one], -0.5) for name, one in zip(by_labels, large, strict=True))
    return {
        "slope": (right, wrong),
        "all-widths": (slope_evidence(["same"], [by_labels["same"]], -0.5), None),
    }


def features_tests(table: xr.Dataset) -> Evidence:
    """Largest changes of features by the first step in tolerances, beside a random readout's."""
    names = [f"h{layer}, M={width}" for width in table["width"].values for layer in table["layer"].values]
    zeros = table["moved"].sel(start="zeros").max("member", skipna=False)
    random = table["moved"].sel(start="random").min("member", skipna=False)
    rms = table["moved_rms"].sel(start="random").stack(shown=("width", "layer"))
    return {
        "moved": (
            evidence(names, zeros.values.ravel() / TOLERANCE, 0.0, 0.0),
            evidence(names, random.values.ravel() / TOLERANCE, 0.0, 0.0),
        ),
        "random-readout": (of_seeds(names, list(rms.transpose("shown", "member").values)), None),
    }


def bias_tests(table: xr.Dataset) -> Evidence:
    """Ratios of the distances from the initial kernel's regression, random over zero readouts, by seed."""

    def ratios(name: str, damping: str) -> np.ndarray:
        one = table[name].sel(damping=damping)
        return np.asarray(np.log2(one.sel(start="random").values / one.sel(start="zeros").values))

    distances = [
        (f"{start}, {damping} damping", table["distance"].sel(damping=damping, start=start).values)
        for damping in DAMPINGS
        for start in STARTS
    ]
    return {
        "ratio": (
            of_seeds(["small damping"], [ratios("distance", "small")]),
            of_seeds(["large damping"], [ratios("distance", "large")]),
        ),
        "features": (
            of_seeds(["h2"], [ratios("moved", "small")]),
            None,
        ),
        "distances": (of_seeds([name for name, _ in distances], [one for _, one in distances]), None),
    }


def dual_tests(table: xr.Dataset) -> Evidence:
    """Largest differences of both ways in tolerances, beside the smallest with a wrong damping."""
    names = [str(name) for name in table["case"].values]
    found = table["difference"].max("draw", skipna=False).values / TOLERANCE
    wrong = table["wrong"].min("draw", skipna=False).values / TOLERANCE
    return {
        "difference": (
            evidence(names, found, 0.0, 0.0),
            evidence(names, wrong, 0.0, 0.0),
        )
    }


def first_step_curve(identity: xr.Dataset, rate: xr.Dataset) -> xr.Dataset:
    """Distances from the limit by width with their bands, and the largest deviation from the identity."""
    large = rate["distance"].sel(labels="same").where(rate["width"] >= LIMIT, drop=True)
    return band(rate["distance"], "distance").assign_attrs(
        slope=float(seed_slopes(large).mean()),
        size=rate.attrs["size"],
        seeds=rate.sizes["seed"],
        deviation=float(identity["deviation"].max()),
    )


def joined(shards: Mapping[str, xr.DataTree], name: str) -> xr.Dataset:
    """The table of one experiment, of which each width may come from a shard of its own."""
    found = [
        shards[shard][name].to_dataset().load()
        for shard in sorted(shards)
        if shard.startswith("zero-init") and name in shards[shard].children
    ]
    if len(found) == 1:
        return found[0]
    return xr.concat(found, dim="width", data_vars="minimal", coords="minimal", compat="override").sortby(
        "width"
    )
