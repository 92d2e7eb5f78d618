"""Coordinate checks: every row trained for a few steps at each width, and how far its layers have moved."""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from widthscope.studies.mup_local.arms import ROWS
from widthscope.studies.mup_local.coordinates.cases import CASES, Case
from widthscope.studies.mup_local.local_recordings import local_recordings
from widthscope.width_sweeps.problems import Problem, digits_problem
from widthscope.width_sweeps.runner import Setup, sweep
from widthscope.width_sweeps.tables import joined
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Every row at the shard's widths, in a node of its own.

    Args:
        settings: sizes and rates as in `settings.Coordinates`, of the shard's widths, and `seed`.
        datasets: digits.
        work: what the job gives.

    Returns:
        for each row of `cases.CASES` a table as from `width_sweeps.runner.sweep`, with what
        `local_recordings` measures on the first training images, as many as a minibatch has.
    """
    problem = digits_problem(datasets["digits"])
    nodes = {}
    for name, case in CASES.items():
        widths = settings["equilibrium_widths" if case.equilibrium else "widths"]
        if widths:
            nodes[f"/{name}"] = _row(name, case, widths, settings, problem, work)
    return xr.DataTree.from_dict(nodes)


def _row(
    name: str, case: Case, widths: Sequence[int], settings: Mapping[str, Any], problem: Problem, work: Work
) -> xr.Dataset:
    row = ROWS[name]
    steps = settings["judged"] if case.equilibrium else settings["steps"]
    setup = Setup(
        base=settings["base"],
        readout=row.readout,
        steps=steps,
        record=tuple(sorted({1, settings["judged"], steps})),
        quantities=("coordinates",),
    )
    inference = {key: settings[key] for key in ("sweeps", "tolerance")} if case.equilibrium else {}
    tables = [
        sweep(
            problem,
            row.arm(inference),
            setup,
            width=width,
            rates=[settings[case.rate]],
            seeds=range(settings["seeds"]),
            purpose=("mup_local", "coordinates", settings["seed"]),
            work=work,
            name=f"coordinates-{name}-n{width}",
            also=local_recordings(setup.batch, setup.record),
        )
        for width in widths
    ]
    return joined(tables)
