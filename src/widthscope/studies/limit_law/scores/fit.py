"""Evidence on samplers and scores, from counts and batch means."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.studies.limit_law.scores import covariance_fit, gaussian_fit, sampler_fit, scaling_fit


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the four claims on scores, and the curves of their figures, by path."""
    sampler, law, scaling = (
        shards[name].to_dataset() for name in ("scores-sampler", "scores-law", "scores-scaling")
    )
    claims = {
        "exact-sampler": sampler_fit.tests(sampler),
        "score-covariance": covariance_fit.tests(law),
        "score-gaussian": gaussian_fit.tests(law),
        "wrong-scaling": scaling_fit.tests(scaling),
    }
    return {
        **claim_tree(claims),
        "/curves/exact-sampler": sampler_fit.curves(sampler),
        "/curves/score-covariance": covariance_fit.curves(law),
        "/curves/score-law": gaussian_fit.curves(scaling),
        "/curves/wrong-scaling": scaling_fit.curves(scaling),
    }
