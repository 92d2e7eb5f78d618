"""Join the shards: the evidence for every claim, and the curves that the figures show."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.families import joined
from widthscope.studies.mup_local.coordinates import fit as coordinates
from widthscope.studies.mup_local.equilibrium import fit as equilibrium
from widthscope.studies.mup_local.gradients import fit as gradients
from widthscope.studies.mup_local.interpolation import fit as interpolation
from widthscope.studies.mup_local.onestep import fit as onestep
from widthscope.studies.mup_local.targets import fit as targets
from widthscope.studies.mup_local.transfer import fit as transfer

FAMILIES = (
    equilibrium,
    gradients,
    interpolation,
    onestep,
    coordinates,
    transfer,
    targets,
)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """Evidence under ``/claims/<claim>/<test>`` and curves under ``/curves/<name>``.

    Args:
        shards: stored results of the sweep by shard name; each family looks only at its own.
        settings: nothing is read; the shards carry the sizes they were run with.
    """
    return xr.DataTree.from_dict(joined(family.fit(shards, settings) for family in FAMILIES))
