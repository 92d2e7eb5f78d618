"""Evidence on convergence, from batch means and computed distances."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.studies.limit_law.convergence import one_dimension_fit, rate_fit
from widthscope.studies.limit_law.convergence.one_dimension_fit import Tests


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the five claims on convergence, and the curves of their figures, by path."""
    own = {name: tree for name, tree in shards.items() if name.startswith("convergence-")}
    sweeps = rate_fit.sweeps(own)
    one, kl, likelihood = (
        own[f"convergence-{name}"].to_dataset() for name in ("one-dimension", "paper-kl", "likelihood-ratio")
    )
    claims: dict[str, Tests] = {
        "output-rate": rate_fit.rate_tests(sweeps),
        "plateau": rate_fit.plateau_tests(sweeps),
        "output-1d-rate": one_dimension_fit.distance_tests(one),
        "paper-kl": one_dimension_fit.kl_tests(kl),
        "likelihood-ratio": one_dimension_fit.likelihood_tests(likelihood),
    }
    return {
        **claim_tree(claims),
        "/curves/joint-rate": rate_fit.curves(sweeps),
        "/curves/one-dimension": one[["distance", "gaussian_distance"]],
        "/curves/densities": one_dimension_fit.density_curves(),
        "/curves/paper-kl": kl,
        "/curves/likelihood-ratio": likelihood,
    }
