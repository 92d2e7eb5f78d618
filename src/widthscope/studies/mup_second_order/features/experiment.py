"""Networks of some widths trained by K-FAC on squares of hidden projections, in both parameterisations."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import xarray as xr

from widthscope.studies.mup_second_order.arms import arm_of
from widthscope.width_sweeps.problems import quadratic_problem
from widthscope.width_sweeps.runner import Setup, sweep
from widthscope.width_sweeps.tables import joined
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each arm: losses, and movements on the probe, before and after training.

    Of arms named ...-frozen the readout alone is trained. All arms of a width and seed start from the same
    normal numbers and see the same minibatches; all widths and seeds learn the same draw of the task.

    Args:
        settings: sizes as in `settings.Features`, `seed`, and `arms` by name.
        datasets: none is read.
        work: what the job gives.
    """
    purpose = ("mup_second_order", "features", settings["seed"])
    problem = quadratic_problem(
        (*purpose, "task"), settings["inputs"], 2, settings["train"], settings["test"]
    )
    setup = Setup(
        base=settings["base"],
        activation="relu",
        readout=settings["sigma_readout"],
        batch=settings["batch"],
        steps=settings["steps"],
        record=(0, settings["steps"]),
    )

    def trained(arm: str, width: int) -> xr.Dataset:
        name, frozen = arm.removesuffix("-frozen"), arm.endswith("-frozen")
        return sweep(
            problem,
            replace(arm_of(name), frozen=("first", "hidden")) if frozen else arm_of(name),
            setup,
            width=width,
            rates=[settings["rate"]],
            dampings=[settings["damping"]],
            seeds=range(settings["frozen_seeds" if frozen else "seeds"]),
            purpose=purpose,
            work=work,
            name=f"{arm}-n{width}",
        )

    return xr.DataTree.from_dict(
        {f"/{arm}": joined(trained(arm, width) for width in settings["widths"]) for arm in settings["arms"]}
    )
