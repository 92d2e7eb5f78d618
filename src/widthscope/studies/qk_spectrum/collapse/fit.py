"""Evidence of the family `collapse`."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.errors import StudyError
from widthscope.statistics.evidence import claim_tree
from widthscope.studies.qk_spectrum.collapse import fit_matched, fit_spread


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    spread = _table(shards, "entropy_over_spread")
    matched = _table(shards, "matched_entropy")
    claims = {
        "entropy-vs-variance": fit_spread.tests(spread),
        "both-collapses": fit_matched.tests(matched),
    }
    return claim_tree(claims) | {
        "/curves/collapse-entropy": fit_spread.curve(spread),
        "/curves/collapse-plane": fit_matched.curve(matched),
    }


def _table(shards: Mapping[str, xr.DataTree], experiment: str) -> xr.Dataset:
    """The table of one experiment, from the shard that holds it."""
    for name, tree in shards.items():
        if name.startswith("collapse") and experiment in tree.children:
            return tree[experiment].to_dataset().load()
    raise StudyError(f"the sweep has no shard 'collapse*' that holds the experiment '{experiment}'")
