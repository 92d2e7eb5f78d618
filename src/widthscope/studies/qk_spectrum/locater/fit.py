"""Evidence of the family `locater`: paired differences between arms that share seeds and data."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.qk_spectrum.locater.runs import Runs, runs_of

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

WATCHED = ("watched_loss", "watched_entropy", "log_concentration")
GAINS = {
    "test_loss": -1,
    "validation_loss": -1,
    "test_entropy": 1,
    "validation_entropy": 1,
}
"""What is compared at the end, and the sign with which a difference to no penalty is a gain."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    runs = runs_of(shards)
    claims = {
        "locater-helps": helps(runs),
        "locater-mean-matters": mean_matters(runs),
        "locater-raises-kappa": raises_concentration(runs),
    }
    curves = {"locater-runs": run_curves(runs), "locater-gains": gain_points(runs)}
    told = {"text": _text(runs)}
    return claim_tree(claims) | {
        f"/curves/{name}": curve.assign_attrs(told) for name, curve in curves.items()
    }


def helps(runs: Runs) -> Evidence:
    """Gains of the penalty `var` over no penalty; the control is the gain of the placebo."""
    judged = {"test-loss": "test_loss", "test-entropy": "test_entropy"}
    tests: Evidence = {
        test: (_gains(runs, quantity, ["var"]), _gains(runs, quantity, ["sham"]))
        for test, quantity in judged.items()
    }
    tests["validation-loss"] = (_gains(runs, "validation_loss", ["var"]), None)
    tests["validation-entropy"] = (_gains(runs, "validation_entropy", ["var"]), None)
    tests["other-arms"] = (_gains(runs, "test_loss", _others(runs)), None)
    return tests


def mean_matters(runs: Runs) -> Evidence:
    """Loss of the arms that do not keep the mean, less that of the one that does."""
    tests: Evidence = {}
    for test, quantity in {"test-loss": "test_loss", "validation-loss": "validation_loss"}.items():
        pairs = [runs.pairs(quantity, arm, "var") for arm in ("scale", "init-scale")]
        tests[test] = (of_seeds(["scale - var", "init-scale - var"], pairs), None)
    return tests


def raises_concentration(runs: Runs) -> Evidence:
    """Change of the logarithm of the concentration by the penalty `var`, and as control by the placebo."""
    name, ends = "final_log_concentration", ["var", "none"]

    def change(first: str, second: str) -> xr.Dataset:
        return of_seeds([f"{first} over {second}"], [runs.pairs(name, first, second)])

    return {
        "log-ratio": (change("var", "none"), change("sham", "none")),
        "concentration": (of_seeds(ends, [runs.arms[arm][name].values for arm in ends]), None),
        "over-scale": (change("var", "scale"), None),
    }


def run_curves(runs: Runs) -> xr.Dataset:
    """Loss and entropy of watched windows and the log concentration over (arm, step), with half-widths,
    and each seed's as ``..._seeds``.

    Over the seeds that all arms have: an arm with other seeds would lie apart by their differences alone.
    """
    shared = xr.align(*(table[list(WATCHED)] for table in runs.arms.values()), join="inner")
    found = [xr.merge([band(table[name], name) for name in WATCHED], compat="equals") for table in shared]
    own = [table.rename({name: f"{name}_seeds" for name in WATCHED}) for table in shared]
    both = [xr.merge(pair, compat="equals") for pair in zip(found, own, strict=True)]
    joined = xr.concat(both, dim=xr.Variable("arm", list(runs.arms)), join="exact")
    return joined.assign_attrs(seeds=shared[0].sizes["seed"])


def gain_points(runs: Runs) -> xr.Dataset:
    """Gains of every arm over no penalty: the mean and its half-width, and each seed's; NaN beyond its seeds.

    Over (quantity, arm) and (quantity, arm, seed). Beside them `mean_kept`, the test loss of the penalty on
    the norm alone less that of the one that keeps the mean, with its half-width.
    """
    arms = _others(runs, also=("sham", "var"))
    seeds = runs.arms["none"].sizes["seed"]
    points = np.full((len(GAINS), len(arms), seeds), np.nan)
    means = np.full((2, len(GAINS), len(arms)), np.nan)
    for place, (quantity, sign) in enumerate(GAINS.items()):
        for column, arm in enumerate(arms):
            pairs = sign * runs.pairs(quantity, arm, "none")
            points[place, column, : len(pairs)] = pairs
            found = band(xr.DataArray(pairs, dims="seed"), "gain")
            means[:, place, column] = float(found["gain"]), float(found["gain_half"])
    kept = band(xr.DataArray(runs.pairs("test_loss", "scale", "var"), dims="seed"), "mean_kept")
    return xr.Dataset(
        {
            "gain": (("quantity", "arm"), means[0]),
            "gain_half": (("quantity", "arm"), means[1]),
            "seeds": (("quantity", "arm", "seed"), points),
            **kept.data_vars,
        },
        coords={"quantity": list(GAINS), "arm": arms},
    )


def _text(runs: Runs) -> str:
    """What was modelled: the dataset, where it is from, and the start of its hash."""
    told = runs.arms["none"].attrs
    parts = [str(told.get("source", "")), f"sha256 {str(told.get('sha256', ''))[:12]}"]
    known = "; ".join(part for part in parts if part.removeprefix("sha256 "))
    name = str(told.get("dataset", "")) or "not recorded"
    return f"{name} ({known})" if known else name


def _others(runs: Runs, also: Sequence[str] = ()) -> list[str]:
    """Arms that no verdict rests on, and those named."""
    return [arm for arm in runs.arms if arm in also or arm not in ("none", "sham", "var")]


def _gains(runs: Runs, quantity: str, arms: Sequence[str]) -> xr.Dataset:
    """One component for each arm: its gain over no penalty."""
    return of_seeds(arms, [GAINS[quantity] * runs.pairs(quantity, arm, "none") for arm in arms])
