"""Join the shards: the evidence for every claim, and the curves that the figures show."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.families import joined
from widthscope.studies.limit_law.convergence import fit as convergence
from widthscope.studies.limit_law.extensions import fit as extensions
from widthscope.studies.limit_law.heads import fit as heads
from widthscope.studies.limit_law.mixture import fit as mixture
from widthscope.studies.limit_law.scores import fit as scores
from widthscope.studies.limit_law.tokens import fit as tokens

FAMILIES = (
    scores,
    convergence,
    mixture,
    heads,
    tokens,
    extensions,
)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """Evidence under ``/claims/<claim>/<test>`` and curves under ``/curves/<name>``.

    Args:
        shards: stored results of the sweep, by shard name; each family looks only at its own.
        settings: nothing is read; the shards carry the sizes they were run with.
    """
    return xr.DataTree.from_dict(joined(family.fit(shards, settings) for family in FAMILIES))
