"""The experiments on laws of width: one shard runs those that its settings name."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.jacobian_dynamics.width import norm_growth, radial, radius
from widthscope.work import Work

EXPERIMENTS = {"radial": radial.run, "radius": radius.run, "norm": norm_growth.run}


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The tables of `radial`, `radius` and `norm` by name, of those that `settings` has the settings of."""
    return xr.DataTree.from_dict(
        {name: EXPERIMENTS[name](own, datasets, work) for name, own in settings.items()}
    )
