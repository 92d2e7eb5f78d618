"""What one job of the family does: some flows, some trainings."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.gradient_regularization.diagonal import descents, flows
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each experiment that the job is given.

    Data of a seed are keyed by the run's seed and its own: all experiments of a seed share them, with a mean
    added or not.

    Args:
        settings: `seed`, `problem` (`examples`, `features`, `support`) and `experiments`, each with its
            `name`, its `kind` (`explored`, `verified`, `descent`, `flooding`), and what that kind reads.
        datasets: none.
        work: what the job gives.
    """
    problem, seed = settings["problem"], settings["seed"]
    nodes = {}
    for each in settings["experiments"]:
        kind = each["kind"]
        if kind == "explored":
            found = flows.explore(problem, each, seed)
        elif kind == "verified":
            found = flows.verify(problem, each, seed)
        elif kind == "descent":
            found = descents.descend(problem, each, seed, work)
        else:
            found = descents.flood(problem, each, seed, work)
        nodes[f"/{each['name']}"] = found
    return xr.DataTree.from_dict(nodes)
