"""Join the shards: the evidence for every claim, and the curves that the figures show."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.families import joined
from widthscope.studies.pk_mixer.identities import fit as identities
from widthscope.studies.pk_mixer.similarity import fit as similarity
from widthscope.studies.pk_mixer.sparsity import fit as sparsity
from widthscope.studies.pk_mixer.spectra import fit as spectra
from widthscope.studies.pk_mixer.width import fit as width

FAMILIES = (
    identities,
    spectra,
    sparsity,
    width,
    similarity,
)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """Evidence under ``/claims/<claim>/<test>`` and curves under ``/curves/<name>``.

    Args:
        shards: stored results of the sweep by shard name; each family looks only at its own.
        settings: nothing is read; the shards carry the sizes they were run with.
    """
    return xr.DataTree.from_dict(joined(family.fit(shards, settings) for family in FAMILIES))
