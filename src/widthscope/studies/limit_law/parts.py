"""Run the experiments that share a shard (see `packing`)."""

from collections.abc import Callable, Mapping
from typing import Any

import xarray as xr

from widthscope.work import Work

Experiment = Callable[[Mapping[str, Any], Mapping[str, xr.Dataset], Work], xr.Dataset]


def run_parts(
    experiments: Mapping[str, Experiment],
    settings: Mapping[str, Any],
    datasets: Mapping[str, xr.Dataset],
    work: Work,
) -> xr.DataTree:
    """The tables of the experiments named in a shard's settings, each in its own node.

    Args:
        experiments: the `run` of every experiment of the entry module, by name.
        settings: of each experiment that this shard holds, by name.
        datasets, work: as for any experiment.
    """
    tables = {name: experiments[name](own, datasets, work) for name, own in settings.items()}
    return xr.DataTree.from_dict(tables)
