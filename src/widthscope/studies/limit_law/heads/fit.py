"""Evidence for the claims about the number of heads and the head dimension."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.studies.limit_law.heads import fit_low_rank, fit_many_heads
from widthscope.studies.limit_law.measurements import joined


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence and curves, by path in the fit's tree."""
    count = joined(shards, "heads-count")
    order = joined(shards, "heads-order-of-limits")
    low_rank = joined(shards, "heads-low-rank")
    claims = {
        "heads": fit_many_heads.head_count(count),
        "order-of-limits": fit_many_heads.order_of_limits(order),
        "low-rank": fit_low_rank.low_rank(low_rank),
    }
    figures = {
        "heads-count": fit_many_heads.count_curves(count),
        "heads-distance": fit_many_heads.distance_curves(count),
        "heads-order-width": fit_many_heads.width_curves(order),
        "heads-order-heads": fit_many_heads.ladder_curves(order),
        "heads-low-rank": fit_low_rank.distance_curves(low_rank),
    }
    return claim_tree(claims) | {f"/curves/{name}": curve for name, curve in figures.items()}
