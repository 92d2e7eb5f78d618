"""The experiments that take seconds, in one shard: bound, exact spectra, number of tokens, lengths."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.jacobian_dynamics.normalisation import bound, growth, rotation, token_count
from widthscope.work import Work

EXPERIMENTS = {
    "bound": bound.run,
    "rotation": rotation.run,
    "token_count": token_count.run,
    "growth": growth.run,
}


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The tables of the experiments in `settings`, which has the settings of each by its name."""
    return xr.DataTree.from_dict(
        {name: EXPERIMENTS[name](own, datasets, work) for name, own in settings.items()}
    )
