"""Join the shards: the evidence for every claim, and the curves that the figures show."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.families import joined
from widthscope.studies.gradient_regularization.costs import fit as costs
from widthscope.studies.gradient_regularization.diagonal import fit as diagonal
from widthscope.studies.gradient_regularization.differences import fit as differences
from widthscope.studies.gradient_regularization.flatness import fit as flatness
from widthscope.studies.gradient_regularization.flooding import fit as flooding
from widthscope.studies.gradient_regularization.label_noise import fit as label_noise
from widthscope.studies.gradient_regularization.stability import fit as stability

FAMILIES = (
    differences,
    costs,
    flooding,
    diagonal,
    label_noise,
    stability,
    flatness,
)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """Evidence under ``/claims/<claim>/<test>`` and curves under ``/curves/<name>``.

    Args:
        shards: stored results of the sweep by shard name; each family looks only at its own.
        settings: nothing is read; the shards carry the sizes they were run with.
    """
    return xr.DataTree.from_dict(joined(family.fit(shards, settings) for family in FAMILIES))
