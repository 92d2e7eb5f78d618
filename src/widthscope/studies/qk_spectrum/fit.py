"""Join the shards: the evidence for every claim, and the curves that the figures show."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.families import joined
from widthscope.studies.qk_spectrum.collapse import fit as collapse
from widthscope.studies.qk_spectrum.loader import fit as loader
from widthscope.studies.qk_spectrum.locater import fit as locater
from widthscope.studies.qk_spectrum.spectrum import fit as spectrum
from widthscope.studies.qk_spectrum.training import fit as training
from widthscope.studies.qk_spectrum.walks import fit as walks

FAMILIES = (
    spectrum,
    walks,
    collapse,
    loader,
    training,
    locater,
)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """Evidence under ``/claims/<claim>/<test>`` and curves under ``/curves/<name>``.

    Args:
        shards: stored results of the sweep by shard name, and of the spectral stage by ``spectra/<shard>``;
            each family looks only at its own.
        settings: nothing is read; the shards carry the sizes they were run with.
    """
    return xr.DataTree.from_dict(joined(family.fit(shards, settings) for family in FAMILIES))
