"""Join the shards: the evidence for every claim, and the curves that the figures show."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.adalase.comparison import fit as comparison
from widthscope.studies.adalase.dense import fit as dense
from widthscope.studies.adalase.flips import fit as flips
from widthscope.studies.adalase.harmful import fit as harmful
from widthscope.studies.adalase.maps import fit as maps
from widthscope.studies.adalase.rule import fit as rule
from widthscope.studies.families import joined

FAMILIES = (
    rule,
    harmful,
    dense,
    flips,
    maps,
    comparison,
)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """Evidence under ``/claims/<claim>/<test>`` and curves under ``/curves/<name>``.

    Args:
        shards: stored results of the sweep by shard name; each family looks only at its own.
        settings: nothing is read; the shards carry the sizes they were run with.
    """
    return xr.DataTree.from_dict(joined(family.fit(shards, settings) for family in FAMILIES))
