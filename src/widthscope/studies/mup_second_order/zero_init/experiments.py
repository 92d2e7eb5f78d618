"""The experiments on readouts that start at zero: one shard runs those that its settings name."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.mup_second_order.zero_init import bias, dual, identity, rate
from widthscope.work import Work

EXPERIMENTS = {"identity": identity.run, "rate": rate.run, "bias": bias.run, "dual": dual.run}


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The tables by name, of those experiments that `settings` has the settings of."""
    return xr.DataTree.from_dict(
        {name: EXPERIMENTS[name](own, datasets, work) for name, own in settings.items()}
    )
