"""Join the shards: the evidence for every claim, and the curves that the figures show."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.families import joined
from widthscope.studies.mup_second_order.coordinates import fit as coordinates
from widthscope.studies.mup_second_order.damping import fit as damping
from widthscope.studies.mup_second_order.features import fit as features
from widthscope.studies.mup_second_order.onestep import fit as onestep
from widthscope.studies.mup_second_order.transfer import fit as transfer
from widthscope.studies.mup_second_order.zero_init import fit as zero_init

FAMILIES = (
    onestep,
    zero_init,
    damping,
    coordinates,
    transfer,
    features,
)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """Evidence under ``/claims/<claim>/<test>`` and curves under ``/curves/<name>``.

    Args:
        shards: stored results of the sweep by shard name; each family looks only at its own.
        settings: nothing is read; the shards carry the sizes they were run with.
    """
    return xr.DataTree.from_dict(joined(family.fit(shards, settings) for family in FAMILIES))
