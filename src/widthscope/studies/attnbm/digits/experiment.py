"""The machines that a shard names, each trained on the same images."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.attnbm.digits import descent, optimum
from widthscope.work import Work

OPTIMUM = "optimum"


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Nodes ``/descent/<machine>`` and ``/optimum``, of those that the settings name.

    Args:
        settings: sizes as in `settings.Digits`, `seed`, and `machines`.
        datasets: the one that the settings name.
        work: what the job gives.
    """
    found: dict[str, xr.DataTree] = {}
    machines = [name for name in settings["machines"] if name != OPTIMUM]
    if machines:
        found["/descent"] = descent.run({**settings, "machines": machines}, datasets, work)
    if OPTIMUM in settings["machines"]:
        found["/optimum"] = optimum.run(settings, datasets, work)
    return xr.DataTree.from_dict(
        {
            f"{path}{node.path}": node.to_dataset()
            for path, tree in found.items()
            for node in tree.subtree
            if node.data_vars
        }
    )
