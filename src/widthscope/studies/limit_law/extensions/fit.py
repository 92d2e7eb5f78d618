"""Evidence for the claims beyond the paper."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.studies.limit_law.extensions import fit_depth, fit_layernorm, fit_sequence, fit_weights
from widthscope.studies.limit_law.measurements import part_table


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence and curves, by path in the fit's tree."""
    causal, length = (part_table(shards, "extensions-sequence", part) for part in ("causal", "length"))
    layernorm, depth, witness = (
        part_table(shards, "extensions-stack", part) for part in ("layernorm", "depth", "witness")
    )
    weights = part_table(shards, "extensions-weights", "universality")
    claims = {
        "causal": fit_sequence.causal_tests(causal),
        "length": fit_sequence.length_tests(length),
        "layernorm": fit_layernorm.tests(layernorm),
        "depth": fit_depth.witness_test(witness) | fit_depth.depth_tests(depth),
        "universality": fit_weights.tests(weights),
    }
    return claim_tree(claims) | {
        "/curves/extensions-causal": fit_sequence.causal_curve(causal),
        "/curves/extensions-length": fit_sequence.length_curve(length),
        "/curves/extensions-layernorm": fit_layernorm.curve(layernorm),
        "/curves/extensions-depth": fit_depth.curve(depth),
        "/curves/extensions-weights": fit_weights.curve(weights),
    }
