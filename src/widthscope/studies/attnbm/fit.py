"""Join the shards: the evidence for every claim, and the curves that the figures show."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.attnbm.digits import fit as digits
from widthscope.studies.attnbm.identities import fit as identities
from widthscope.studies.attnbm.memorisation import fit as memorisation
from widthscope.studies.attnbm.mixtures import fit as mixtures
from widthscope.studies.families import joined

FAMILIES = (
    identities,
    mixtures,
    memorisation,
    digits,
)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """Evidence under ``/claims/<claim>/<test>`` and curves under ``/curves/<name>``.

    Args:
        shards: stored results of the sweep by shard name; each family looks only at its own.
        settings: nothing is read; the shards carry the sizes they were run with.
    """
    return xr.DataTree.from_dict(joined(family.fit(shards, settings) for family in FAMILIES))
