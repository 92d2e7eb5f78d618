"""Evidence on scores of random walks and the signal propagation probability."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.studies.qk_spectrum.walks import fit_contrast, fit_modes, fit_moments, fit_rho
from widthscope.studies.qk_spectrum.walks.profile_curves import profile_curves, softmax_curves
from widthscope.studies.qk_spectrum.walks.profile_table import Profiles


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    formulas, profiles = shards["walks-formulas"], shards["walks-profiles"]
    moments, rho = (formulas[name].to_dataset().load() for name in ("moments", "rho"))
    table, softmax = (profiles[name].to_dataset().load() for name in ("profiles", "softmax"))
    found = Profiles(table)
    claims = {
        "walk-moments": fit_moments.tests(moments),
        "rho-formula": fit_rho.tests(rho),
        "contrast": fit_contrast.tests(found),
        "modes": fit_modes.tests(found, softmax),
    }
    return {
        **claim_tree(claims),
        "/curves/walk-moments": fit_moments.ratios(moments),
        "/curves/rho-formula": fit_rho.curves(rho),
        "/curves/profiles": profile_curves(table),
        "/curves/true-softmax": softmax_curves(softmax),
    }
