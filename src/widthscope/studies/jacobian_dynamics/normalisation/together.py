"""All experiments of the family in one shard, for runs in which processes would take longer to start."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.jacobian_dynamics.normalisation import critical, gap, identities
from widthscope.work import Work

EXPERIMENTS = {**identities.EXPERIMENTS, "gap": gap.run, "critical": critical.run}


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The tables of the experiments in `settings`, which has the settings of each by its name."""
    return xr.DataTree.from_dict(
        {name: EXPERIMENTS[name](own, datasets, work) for name, own in settings.items()}
    )
