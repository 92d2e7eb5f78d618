"""The experiments of the family that a shard holds."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.jacobian_dynamics.energy import counter_examples, flows, steps
from widthscope.work import Work

EXPERIMENTS = {"flows": flows.table, "counter_examples": counter_examples.table, "steps": steps.table}


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The table of each experiment named in the settings, each in its own node.

    Args:
        settings: of each experiment, by name.
        datasets: none is read.
        work: its progress shows the experiments' loops; everything is computed on the CPU in float64.
    """
    tables = {name: EXPERIMENTS[name](own, work.progress) for name, own in settings.items()}
    return xr.DataTree.from_dict(tables)
