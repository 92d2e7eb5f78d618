"""Join the jobs: evidence under ``/claims/<claim>/<test>``, curves under ``/curves``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence, of_estimates
from widthscope.statistics.intervals import batch_means
from widthscope.statistics.power_laws import fit_slope
from widthscope.studies._template.theory import variance


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """Evidence for both tests of the claim, each beside its control, and the curves of the figure."""
    swept = shards["variance"].to_dataset()
    tests = {"rate": _rate, "constant": _constant}
    claims = {
        "self-averaging": {
            name: (measure(swept["variance"]), measure(swept["control"])) for name, measure in tests.items()
        }
    }
    return xr.DataTree.from_dict({**claim_tree(claims), "/curves/variance": _curves(swept)})


def _rate(variances: xr.DataArray) -> xr.Dataset:
    """Slope of log variance on log width; predicted -1."""
    means = batch_means(variances.values)
    line = fit_slope(variances["width"], means.value, means.standard_error, means.degrees)
    return evidence("slope", line.exponent, line.standard_error, -1.0, variances.size, line.degrees)


def _constant(variances: xr.DataArray) -> xr.Dataset:
    """Variance at each width beside its exact value."""
    widths = [int(width) for width in variances["width"]]
    means = batch_means(variances.values)
    return of_estimates(
        [f"n={width}" for width in widths],
        means,
        [variance(width) for width in widths],
        n=variances.sizes["batch"],
    )


def _curves(swept: xr.Dataset) -> xr.Dataset:
    """Mean and standard error over the batches by width, and the prediction."""
    curves: dict[str, tuple[str, Any]] = {
        "prediction": ("width", np.array([variance(int(width)) for width in swept["width"]]))
    }
    for name in ("variance", "control"):
        means = batch_means(swept[name].values)
        curves[name] = ("width", means.value)
        curves[f"{name}_error"] = ("width", means.standard_error)
    return xr.Dataset(curves, coords={"width": swept["width"]})
