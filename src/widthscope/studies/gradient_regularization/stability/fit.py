"""Evidence of the family `stability`: which trainings fail, and accuracies with clean labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from widthscope.statistics.evidence import claim_tree, of_counts
from widthscope.statistics.over_seeds import BAND_LEVEL, band, of_seeds
from widthscope.statistics.quantiles import share_limits
from widthscope.studies.gradient_regularization.arms import called
from widthscope.studies.gradient_regularization.tables import tables_of

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

KINDS = ("plain", "double", "forward", "backward")
"""Methods in the order of tables and figures."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    strong, clean = (table_of(shards, setup) for setup in ("strong", "clean"))
    return claim_tree({"nn-stability": stability(strong), "nn-clean": clean_labels(clean)}) | {
        "/curves/stability-failures": failure_curves(strong),
        "/curves/stability-clean": difference_curves(clean),
    }


def table_of(shards: Mapping[str, xr.DataTree], setup: str) -> xr.Dataset:
    """One table (arm, seed) of a setup from all shards of the family, arms in the order of `KINDS`."""
    whole = tables_of(shards, "stability", setup)
    whole.sort(key=lambda table: (KINDS.index(str(table["method"].item())), float(table["ascent"].item())))
    return xr.concat(whole, "arm", combine_attrs="override")


def names(table: xr.Dataset) -> list[str]:
    """What the arms are called."""
    return [
        called(str(method), float(ascent))
        for method, ascent in zip(table["method"].values, table["ascent"].values, strict=True)
    ]


def failed(table: xr.Dataset) -> xr.DataArray:
    """(arm, seed), whether a training diverged, or ended below the accuracy that counts as failed."""
    accuracy = table["test_accuracy"]
    below: xr.DataArray = accuracy.isnull() | (accuracy < table.attrs["failed_below"])
    return below


def longest(table: xr.Dataset, method: str) -> str:
    """The arm of a method with its longest ascent."""
    own = table["ascent"].where(table["method"] == method, -1.0)
    return str(table["arm"].values[int(own.values.argmax())])


def stability(table: xr.Dataset) -> Evidence:
    """How many seeds stand with the forward difference at the longest ascent where another method fails.

    The control puts plain descent in the other method's place.
    """
    fails = failed(table)
    forward, backward = longest(table, "forward"), longest(table, "backward")

    def stands_alone(others: Sequence[str]) -> xr.Dataset:
        counts = [int((~fails.sel(arm=forward) & fails.sel(arm=other)).sum()) for other in others]
        labels = dict(zip(table["arm"].values, names(table), strict=True))
        return of_counts([f"{labels[other]} fails" for other in others], counts, fails.sizes["seed"])

    return {
        "main": (stands_alone(("double", backward)), stands_alone(("plain",))),
        "failures": (of_counts(names(table), fails.sum("seed").values, fails.sizes["seed"]), None),
    }


def clean_labels(table: xr.Dataset) -> Evidence:
    """Differences to plain SGD, paired by seed; shares in percentage points."""
    labels = names(table)[1:]
    accuracy = 100 * _less_plain(table["test_accuracy"])
    entropy = _less_plain(table["test_cross_entropy"])
    plain = 100 * table["test_accuracy"].sel(arm="plain").values
    return {
        "main": (of_seeds(labels, list(accuracy)), None),
        "cross-entropy": (of_seeds(labels, list(entropy)), None),
        "plain": (of_seeds("SGD", [plain], possible=(0.0, 100.0)), None),
        "failures": (of_counts(names(table), failed(table).sum("seed").values, table.sizes["seed"]), None),
    }


def failure_curves(table: xr.Dataset) -> xr.Dataset:
    """Share of failed trainings by arm, with exact intervals."""
    fails = failed(table)
    counts = fails.sum("seed").values
    low, high = share_limits(counts, np.full(len(counts), fails.sizes["seed"]), BAND_LEVEL)
    share = counts / fails.sizes["seed"]
    return xr.Dataset(
        {"share": ("arm", share), "low": ("arm", low), "high": ("arm", high)},
        coords={"method": table["method"], "ascent": table["ascent"]},
        attrs={**table.attrs, "seeds": fails.sizes["seed"]},
    )


def difference_curves(table: xr.Dataset) -> xr.Dataset:
    """Accuracy of every seed less that of plain SGD, in points, with means and intervals."""
    rest = table.isel(arm=slice(1, None))
    difference = rest["test_accuracy"].copy(data=100 * _less_plain(table["test_accuracy"]))
    plain = float(table["test_accuracy"].sel(arm="plain").mean())
    return xr.merge([difference.rename("difference").to_dataset(), band(difference, "mean")]).assign_attrs(
        {**table.attrs, "seeds": table.sizes["seed"], "plain": plain}
    )


def _less_plain(values: xr.DataArray) -> NDArray[np.float64]:
    """(arm, seed) without the first arm, plain SGD, and less it."""
    found: NDArray[np.float64] = (values - values.sel(arm="plain")).isel(arm=slice(1, None)).values
    return found
