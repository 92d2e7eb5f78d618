"""Evidence on what normalisation does to Jacobians and exponents."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.studies.jacobian_dynamics.normalisation import fit_critical, fit_exact, fit_horizon

EXPERIMENTS = ("bound", "rotation", "token_count", "gap", "growth", "critical")
SEVERAL = ("normalisation", "normalisation-identities")
"""Shards that hold several experiments, as nodes."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = {name: _table(shards, name) for name in EXPERIMENTS}
    bound, rotation, token_count, gap, growth, critical = tables.values()
    claims = {
        "norm-jacobian-bound": fit_exact.bound_tests(bound),
        "norm-rotation-exact": fit_exact.rotation_tests(rotation),
        "norm-lyapunov-gap": fit_horizon.gap_tests(gap),
        "norm-prenorm-growth": fit_horizon.growth_tests(growth),
        "norm-critical-drive": fit_critical.tests(critical),
        "norm-token-count": fit_exact.token_count_tests(token_count),
    }
    return {
        **claim_tree(claims),
        **fit_exact.curves(bound, rotation, token_count),
        **fit_horizon.curves(gap, growth),
        **fit_critical.curves(critical),
    }


def _table(shards: Mapping[str, xr.DataTree], experiment: str) -> xr.Dataset:
    """The table of an experiment: from a shard of several, its own, or one shard for each width."""
    for name in SEVERAL:
        if name in shards and experiment in shards[name].children:
            return _loaded(shards[name].children[experiment])
    names = [name for name in shards if name.startswith(f"normalisation-{experiment}")]
    tables = [_loaded(shards[name]) for name in names]
    return xr.concat(tables, dim="width", data_vars="minimal").sortby("width")


def _loaded(node: xr.DataTree) -> xr.Dataset:
    return node.to_dataset().load()
