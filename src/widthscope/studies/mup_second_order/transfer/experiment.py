"""Networks trained at every learning rate of a grid, by rule, parameterisation and width."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.mup_second_order.arms import arm_of
from widthscope.width_sweeps.problems import digits_problem
from widthscope.width_sweeps.runner import Setup, sweep
from widthscope.width_sweeps.tables import joined
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each arm: losses and accuracies before and after training.

    Arms of one width and seed start from the same normal numbers; all rates of all arms of one batch size see
    the same minibatches.

    Args:
        settings: sizes as in `settings.Transfer`, `seed`, and `runs`, each with its `method`, `width`,
            `batch`, `damping` and `rates` by arm.
        datasets: the one that is named in `dataset`.
        work: what the job gives.
    """
    problem = digits_problem(datasets[settings["dataset"]], settings["train"])
    found: dict[str, list[xr.Dataset]] = {}
    for place, each in enumerate(settings["runs"]):
        setup = Setup(
            base=settings["base"],
            readout=settings["sigma_readout"],
            batch=each["batch"],
            steps=settings["steps"],
            record=(0, settings["steps"]),
            quantities=("losses",),
        )
        for arm, rates in each["rates"].items():
            table = sweep(
                problem,
                arm_of(arm),
                setup,
                width=each["width"],
                rates=rates,
                dampings=[each["damping"]],
                seeds=range(settings["seeds"]),
                purpose=("mup_second_order", "transfer", settings["seed"]),
                work=work,
                name=f"{arm}-n{each['width']}-{place}",
            )
            found.setdefault(arm, []).append(table)
    return xr.DataTree.from_dict({f"/{arm}": joined(tables) for arm, tables in found.items()})
