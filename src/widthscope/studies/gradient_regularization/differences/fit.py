"""Evidence of the family `differences`: orders of errors by seed, angles, and the largest deviation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.statistics.width_slopes import line_slopes

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

LARGEST = 0.1
"""The orders are those of steps e up to here."""

SMALLEST = {"forward": 1e-4, "backward": 1e-4, "centred": 1e-3}
"""Of the steps on which an error's order is measured; below, the centred one has little but rounding."""

ORDERS = {"forward": 1.0, "backward": 1.0, "centred": 2.0}

ANGLES_FROM = 1e-3
"""Of the steps on which the orders of angles are measured: below, both are under 1e-7."""

KINKS_AT = 1e-3
"""e at which a smooth network's error is small and a ReLU network's is not."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    found = shards["differences"]
    tanh, relu, single, identity = (
        found[name].to_dataset().load() for name in ("tanh", "relu", "single", "identity")
    )
    claims: dict[str, Evidence] = {
        "fd-order": {
            "slope": (orders(tanh, SMALLEST), orders(single, {"forward": 0.0, "backward": 0.0}, np.inf)),
            "kinks": (sizes(tanh), sizes(relu)),
        },
        "fd-antisymmetry": {
            "sum": (opposition(tanh), opposition(relu)),
            "slope": (
                angle_order(tanh["opposition"], "opposition"),
                angle_order(relu["opposition"], "opposition"),
            ),
        },
        "fd-direction": {
            "slope": (angle_order(tanh["turn"], "angle"), angle_order(tanh["other_turn"], "angle"))
        },
        "sam-equal": {
            "deviation": (
                largest(identity["deviation"].max("seed", skipna=False), identity.sizes["seed"]),
                largest(identity["half_deviation"].min("seed", skipna=False), identity.sizes["seed"]),
            )
        },
    }
    curves = {
        "difference-errors-tanh": band(_logs(tanh["error"]), "error"),
        "difference-errors-relu": band(_logs(relu["error"]), "error"),
        "difference-errors-single": band(_logs(single["error"]), "error"),
        "difference-angles": xr.merge([band(_logs(tanh[name]), name) for name in ("opposition", "turn")]),
        "difference-angles-relu": band(_logs(relu["opposition"]), "opposition"),
    }
    return claim_tree(claims) | {f"/curves/{name}": curve for name, curve in curves.items()}


def orders(table: xr.Dataset, smallest: Mapping[str, float], largest: float = LARGEST) -> xr.Dataset:
    """Slopes of log error on log e between each difference's smallest e and the largest, by difference."""
    slopes = [_slopes(table["error"].sel(difference=name), low, largest) for name, low in smallest.items()]
    return of_seeds(list(smallest), slopes, [ORDERS[name] for name in smallest])


def sizes(table: xr.Dataset) -> xr.Dataset:
    """log10 of the relative errors of one-sided differences at the step where kinks show."""
    at = table["error"].sel(ascent=KINKS_AT, method="nearest")
    return of_seeds(
        ["forward", "backward"], [_logs(at).sel(difference=name) for name in ("forward", "backward")]
    )


def opposition(table: xr.Dataset) -> xr.Dataset:
    """1 + cosine of the two one-sided errors at the largest step."""
    return of_seeds("opposition", [table["opposition"].sel(ascent=LARGEST, method="nearest")])


def angle_order(angles: xr.DataArray, name: str) -> xr.Dataset:
    """Slope of the log of 1 -+ cosine on log e."""
    return of_seeds(name, [_slopes(angles, ANGLES_FROM, LARGEST)], 2.0)


def largest(deviations: xr.DataArray, seeds: int) -> xr.Dataset:
    """Deviations by kind of ascent."""
    names = [f"{length}-ascent" for length in deviations["length"].values]
    return evidence(names, deviations.values, 0.0, 0.0, n=seeds)


def _slopes(values: xr.DataArray, low: float, high: float) -> NDArray[np.float64]:
    """By seed, over low <= e <= high, within a hundredth for the rounding of e."""
    ascents = values["ascent"].values
    chosen = (ascents > 0.99 * low) & (ascents < 1.01 * high)
    window = _logs(values).transpose("seed", "ascent").values[:, chosen]
    return line_slopes(np.log10(ascents[chosen]), window)


def _logs(values: xr.DataArray) -> xr.DataArray:
    """log10; NaN, which counts as not measured, where a value is 0."""
    return xr.DataArray(np.log10(values.where(values > 0)))
