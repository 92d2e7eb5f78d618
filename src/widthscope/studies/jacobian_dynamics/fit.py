"""Join the shards: the evidence for every claim, and the curves that the figures show."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.families import joined
from widthscope.studies.jacobian_dynamics.algorithms import fit as algorithms
from widthscope.studies.jacobian_dynamics.chaos import fit as chaos
from widthscope.studies.jacobian_dynamics.digits import fit as digits
from widthscope.studies.jacobian_dynamics.energy import fit as energy
from widthscope.studies.jacobian_dynamics.normalisation import fit as normalisation
from widthscope.studies.jacobian_dynamics.sudoku import fit as sudoku
from widthscope.studies.jacobian_dynamics.width import fit as width

FAMILIES = (
    energy,
    normalisation,
    width,
    chaos,
    algorithms,
    digits,
    sudoku,
)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """Evidence under ``/claims/<claim>/<test>`` and curves under ``/curves/<name>``.

    Args:
        shards: stored results of the sweep by shard name, and of the spectral stage by ``spectra/<shard>``;
            each family looks only at its own.
        settings: nothing is read; the shards carry the sizes they were run with.
    """
    return xr.DataTree.from_dict(joined(family.fit(shards, settings) for family in FAMILIES))
