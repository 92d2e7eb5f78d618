"""Evidence that spectra through small products are those of the dense matrix."""

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import evidence, of_estimates
from widthscope.statistics.intervals import batch_means
from widthscope.studies.qk_spectrum.spectrum.names import SMALL_PRODUCT

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

EXPECTED = {"float32 arithmetic": 2.9e-6, "bfloat16 weights": 1.7e-2}
"""Measured in the theory notes 3.3 at d = 768, d_h = 64: sizes to compare with, not laws."""


def tests(table: xr.Dataset) -> Evidence:
    """Differences from the dense matrix beside those of a wrong shortcut; and what lower precision costs."""
    right = [str(name) for name in table["quantity"].values if name != SMALL_PRODUCT]
    return {
        "identity": (_largest(table, right), _largest(table, [SMALL_PRODUCT])),
        "precision": (_precision(table), None),
    }


def curves(table: xr.Dataset) -> xr.Dataset:
    """Largest differences over heads, in tolerances, (kind, quantity)."""
    return table[["difference"]].max("head").assign_attrs(table.attrs)


def _largest(table: xr.Dataset, quantities: list[str]) -> xr.Dataset:
    """Largest difference over the heads in units of the tolerance; a property of these heads, with no
    error."""
    chosen = table["difference"].sel(quantity=quantities).max("head")
    names = [f"{quantity}, {kind}" for kind in table["kind"].values for quantity in quantities]
    return evidence(names, chosen.values.ravel(), 0.0, n=table.sizes["head"])


def _precision(table: xr.Dataset) -> xr.Dataset:
    """Mean over heads of the largest relative error of an eigenvalue."""
    found = batch_means(table["precision"].transpose("head", "kind", "storage").values)
    names = [f"{storage}, {kind}" for kind in table["kind"].values for storage in table["storage"].values]
    return of_estimates(
        names,
        found,
        np.tile([EXPECTED[str(name)] for name in table["storage"].values], table.sizes["kind"]),
        n=table.sizes["head"],
    )
