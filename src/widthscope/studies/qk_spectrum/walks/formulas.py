"""The experiments that put formulas for the scores of walks to the test, in one shard."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.qk_spectrum.walks import moments, rho
from widthscope.work import Work

EXPERIMENTS = {"moments": moments.run, "rho": rho.run}


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The tables of `moments` and `rho`, by name; `settings` has the settings of each."""
    return xr.DataTree.from_dict(
        {name: EXPERIMENTS[name](own, datasets, work) for name, own in settings.items()}
    )
