"""Evidence for the claims about the Gaussian mixture of the outputs."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.studies.limit_law.measurements import joined
from widthscope.studies.limit_law.mixture import coordinate_curves, fit_coordinates, fit_kurtosis


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence and curves, by path in the fit's tree."""
    kurtosis = joined(shards, "mixture-kurtosis")
    coordinates = joined(shards, "mixture-coordinates")
    claims = {
        "non-gaussian": fit_kurtosis.non_gaussian(kurtosis),
        "token-difference": fit_kurtosis.token_difference(kurtosis),
        "conditional-gaussian": fit_coordinates.conditional_gaussian(coordinates),
        "non-self-averaging": fit_coordinates.non_self_averaging(coordinates),
        "coordinate-dependence": fit_coordinates.coordinate_dependence(coordinates),
    }
    figures = fit_kurtosis.figure_curves(kurtosis) | coordinate_curves.figure_curves(coordinates)
    return claim_tree(claims) | {f"/curves/{name}": curve for name, curve in figures.items()}
