"""Trainings at many learning rates: every row at the shard's widths, rates and seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from widthscope.studies.mup_local.arms import ROWS, Row
from widthscope.studies.mup_local.local_recordings import local_recordings
from widthscope.width_sweeps.problems import Problem, digits_problem
from widthscope.width_sweeps.runner import Setup, sweep
from widthscope.width_sweeps.tables import joined
from widthscope.work import Work

PURPOSE = "transfer, 30 steps"
"""Of the random streams: networks that were seen in trials with more steps are never trained here."""

READOUT = 0.1
"""Scale of the initial readout at the base width, of both rules; the theory notes have 0.3 for target
propagation, whose output at the start would then not be small beside the targets."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Every row at its rates, in a node of its own.

    Args:
        settings: sizes as in `settings.Transfer`, `widths` and, by row, `rates` of the shard, and `seed`.
        datasets: digits.
        work: what the job gives.

    Returns:
        for each row a table as from `width_sweeps.runner.sweep`, losses, accuracies and what
        `local_recordings` measures; of predictive coding after `judged` and all steps, else after all.
    """
    problem = digits_problem(datasets["digits"])
    return xr.DataTree.from_dict(
        {
            f"/{name}": joined(
                _width(name, width, rates, settings, problem, work) for width in settings["widths"]
            )
            for name, rates in settings["rates"].items()
        }
    )


def _width(
    name: str,
    width: int,
    rates: Sequence[float],
    settings: Mapping[str, Any],
    problem: Problem,
    work: Work,
) -> xr.Dataset:
    """One row at one width: each seed is a sweep, since the order of minibatches is the sweep's own."""
    row = ROWS[name]
    setup = _setup(row, settings)
    learning = {key: settings[key] for key in ("feedback_rate", "pretraining")}
    seeds = [
        sweep(
            problem,
            row.arm(learning if row.method == "dtp" else None),
            setup,
            width=width,
            rates=rates,
            seeds=[seed],
            purpose=("mup_local", PURPOSE, settings["seed"], seed),
            work=work,
            name=f"transfer-{name}-n{width}-seed{seed}",
            also=local_recordings(setup.batch, setup.record),
        )
        for seed in range(settings["seeds"])
    ]
    found: xr.Dataset = xr.concat(
        seeds,
        dim="seed",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        combine_attrs="override",
    )
    return found


def _setup(row: Row, settings: Mapping[str, Any]) -> Setup:
    steps = settings["steps"]
    return Setup(
        base=settings["base"],
        readout=READOUT,
        steps=steps,
        record=(steps,) if row.method == "dtp" else tuple(sorted({settings["judged"], steps})),
        quantities=("losses",),
    )
