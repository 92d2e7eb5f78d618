"""Networks of some widths trained for a few steps in every parameterisation, wrong ones included."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.mup_second_order.arm_names import method_of
from widthscope.studies.mup_second_order.arms import arm_of
from widthscope.width_sweeps.problems import digits_problem
from widthscope.width_sweeps.runner import Setup, sweep
from widthscope.width_sweeps.tables import joined
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each arm: movements on the probe after 0, 1, 2 and half of the steps, and after all.

    Arms of one width and seed start from the same normal numbers and see the same minibatches.

    Args:
        settings: sizes as in `settings.Coordinates`, `seed`, and `arms` by name.
        datasets: the one that is named in `dataset`.
        work: what the job gives.
    """
    problem = digits_problem(datasets[settings["dataset"]], settings["train"])
    steps = settings["steps"]
    setup = Setup(
        base=settings["base"],
        readout=settings["sigma_readout"],
        batch=settings["batch"],
        steps=steps,
        record=tuple(sorted({0, 1, min(2, steps), (steps + 1) // 2, steps})),
        quantities=("coordinates",),
    )

    def trained(arm: str, width: int) -> xr.Dataset:
        method = method_of(arm)
        return sweep(
            problem,
            arm_of(arm),
            setup,
            width=width,
            rates=[settings["rates"][method]],
            dampings=[settings["dampings"].get("kfac" if method == "foof" else method, 0.0)],
            seeds=range(settings["seeds"]),
            purpose=("mup_second_order", "coordinates", settings["seed"]),
            work=work,
            name=f"{arm}-n{width}",
        )

    return xr.DataTree.from_dict(
        {f"/{arm}": joined(trained(arm, width) for width in settings["widths"]) for arm in settings["arms"]}
    )
