"""Join the shards: the evidence for every claim, and the curves that the figures show."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.attention_paths.exact import fit as exact
from widthscope.studies.attention_paths.hidden_markov import fit as hidden_markov
from widthscope.studies.attention_paths.limits import fit as limits
from widthscope.studies.attention_paths.one_shot import fit as one_shot
from widthscope.studies.attention_paths.sampling import fit as sampling
from widthscope.studies.families import joined

FAMILIES = (
    limits,
    exact,
    sampling,
    hidden_markov,
    one_shot,
)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> xr.DataTree:
    """Evidence under ``/claims/<claim>/<test>`` and curves under ``/curves/<name>``.

    Args:
        shards: stored results of the sweep by shard name; each family looks only at its own.
        settings: nothing is read; the shards carry the sizes they were run with.
    """
    return xr.DataTree.from_dict(joined(family.fit(shards, settings) for family in FAMILIES))
