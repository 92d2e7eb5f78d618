"""The experiments on exact identities, in one shard."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.qk_spectrum.spectrum import fast, haar_null
from widthscope.work import Work

EXPERIMENTS = {"fast": fast.run, "haar": haar_null.run}


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The tables of `fast` and `haar`, by name; `settings` has the settings of each."""
    return xr.DataTree.from_dict(
        {name: EXPERIMENTS[name](own, datasets, work) for name, own in settings.items()}
    )
