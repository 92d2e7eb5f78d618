"""Evidence that all ways to a Jacobian and to its spectrum agree."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

TOLERANCE = {"dense": 1e-12, "tangents": 1e-12, "arnoldi": 1e-8, "arpack": 1e-6}
"""Of relative differences; the reasons stand with the claims."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figure, by path."""
    table = shards["algorithms"].to_dataset().load()
    claims = {"algo-analytic": analytic_tests(table), "algo-arnoldi": arnoldi_tests(table)}
    return {**claim_tree(claims), "/curves/algorithms": curve(table)}


def analytic_tests(table: xr.Dataset) -> Evidence:
    """The closed form against autograd, beside closed forms with a part left out."""
    return {
        "dense": (_largest(table, "dense"), _least(table, "no_softmax", "dense")),
        "tangents": (_largest(table, "tangents"), _least(table, "no_projector", "tangents")),
    }


def arnoldi_tests(table: xr.Dataset) -> Evidence:
    """Leading eigenvalues against LAPACK's, beside power iteration and a wrong matrix."""
    return {
        "arnoldi": (_largest(table, "arnoldi"), _least(table, "power", "arnoldi")),
        "arpack": (_largest(table, "arpack"), _least(table, "no_softmax_arpack", "arpack")),
        "work": (_work(table), None),
    }


def curve(table: xr.Dataset) -> xr.Dataset:
    """Largest difference over states (model, kind) of each way, and the smallest of each wrong one."""
    right = table[list(TOLERANCE)].max("member", skipna=False)
    wrong = {name: _smallest(table, name) for name in ("no_softmax", "no_projector", "power")}
    return right.assign({name: ((), value) for name, value in wrong.items()}).assign_attrs(table.attrs)


def _largest(table: xr.Dataset, name: str) -> xr.Dataset:
    """Largest difference over states in tolerances; a property of these states, with no error. NaN, as of an
    iteration that did not converge, makes its component count as not measured."""
    found = table[name].max("member", skipna=False) / TOLERANCE[name]
    names = [f"{model}, {kind}" for model in table["model"].values for kind in table["kind"].values]
    return evidence(names, found.values.ravel(), 0.0, n=table.sizes["member"])


def _least(table: xr.Dataset, wrong: str, like: str) -> xr.Dataset:
    """Smallest difference of a wrong way, in the tolerance of the right one: it must be seen everywhere."""
    states = int(np.isfinite(table[wrong].values).sum())
    return evidence(wrong.replace("_", " "), [_smallest(table, wrong) / TOLERANCE[like]], 0.0, n=states)


def _smallest(table: xr.Dataset, name: str) -> float:
    values = table[name].values
    return float(np.nanmin(values)) if np.isfinite(values).any() else float("nan")


def _work(table: xr.Dataset) -> xr.Dataset:
    """Means over these states, with no error."""
    size = table.attrs["tokens"] * table.attrs["width"]
    applied = table["applied"].mean(("kind", "member")).values / size
    pairs = float(np.isfinite(table["power"].values).mean())
    names = [f"tangents over size, {model}" for model in table["model"].values]
    return evidence([*names, "share of complex pairs"], [*applied, pairs], 0.0, n=table["applied"].size)
