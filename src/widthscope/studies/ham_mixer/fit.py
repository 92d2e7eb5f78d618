"""Join the shards: the evidence for every claim, and the curves that the figures show."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.families import joined
from widthscope.studies.ham_mixer.accuracy import fit as accuracy
from widthscope.studies.ham_mixer.breaking import fit as breaking
from widthscope.studies.ham_mixer.denoise import fit as denoise
from widthscope.studies.ham_mixer.energy import fit as energy
from widthscope.studies.ham_mixer.trained_energy import fit as trained_energy

FAMILIES = (
    energy,
    denoise,
    trained_energy,
    accuracy,
    breaking,
)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """Evidence under ``/claims/<claim>/<test>`` and curves under ``/curves/<name>``.

    Args:
        shards: stored results of the sweep by shard name; each family looks only at its own.
        settings: nothing is read; the shards carry the sizes they were run with.
    """
    return xr.DataTree.from_dict(joined(family.fit(shards, settings) for family in FAMILIES))
