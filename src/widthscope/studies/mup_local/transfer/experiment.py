"""Trainings at many learning rates: every row at the shard's widths, rates and seeds."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.mup_local.arms import ROWS
from widthscope.width_sweeps.problems import digits_problem
from widthscope.width_sweeps.runner import Setup, sweep
from widthscope.width_sweeps.tables import joined
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Every row at its rates, in a node of its own.

    Args:
        settings: sizes as in `settings.Transfer`, `widths` and, by row, `rates` of the shard, and `seed`.
        datasets: digits.
        work: what the job gives.

    Returns:
        for each row a table as from `width_sweeps.runner.sweep`, losses and accuracies after the last step.
    """
    problem = digits_problem(datasets["digits"])
    nodes = {}
    for name, rates in settings["rates"].items():
        row = ROWS[name]
        learning = {key: settings[key] for key in ("feedback_rate", "pretraining")}
        setup = Setup(
            base=settings["base"],
            readout=row.readout,
            steps=settings["steps"],
            record=(settings["steps"],),
            quantities=("losses",),
        )
        nodes[f"/{name}"] = joined(
            sweep(
                problem,
                row.arm(learning if row.method == "dtp" else None),
                setup,
                width=width,
                rates=rates,
                seeds=range(settings["seeds"]),
                purpose=("mup_local", "transfer", settings["seed"]),
                work=work,
                name=f"transfer-{name}-n{width}",
            )
            for width in settings["widths"]
        )
    return xr.DataTree.from_dict(nodes)
