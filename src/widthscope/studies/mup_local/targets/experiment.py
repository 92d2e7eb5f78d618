"""Steps of the hidden layers alone, by target propagation and by back-propagation; and fitted feedback."""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from widthscope.studies.mup_local.arms import ROWS
from widthscope.studies.mup_local.targets.cases import CASES, Case
from widthscope.studies.mup_local.targets.ridge import fitted_alignment
from widthscope.width_sweeps.problems import Problem, digits_problem
from widthscope.width_sweeps.runner import Setup, sweep
from widthscope.width_sweeps.tables import joined
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Every case at the shard's widths, in a node of its own.

    Args:
        settings: sizes and rates as in `settings.Targets`, of the shard's widths, and `seed`.
        datasets: digits.
        work: what the job gives.

    Returns:
        for each case of `cases.CASES` a table as from `width_sweeps.runner.sweep`, the readout frozen; and
        ``ridge`` as from `ridge.fitted_alignment`.
    """
    problem = digits_problem(datasets["digits"])
    nodes = {}
    for name, case in CASES.items():
        widths = settings["trained_widths" if case.learned else "widths"]
        if widths:
            nodes[f"/{name}"] = _case(name, case, widths, settings, problem, work)
    if settings["ridge_widths"]:
        nodes["/ridge"] = fitted_alignment(settings, problem, ROWS["dtp"].readout, work.device)
    return xr.DataTree.from_dict(nodes)


def _case(
    name: str, case: Case, widths: Sequence[int], settings: Mapping[str, Any], problem: Problem, work: Work
) -> xr.Dataset:
    row = ROWS[case.row]
    options = {}
    if case.tied:
        options["tied"] = settings["tied"]
    if case.learned:
        options |= {key: settings[key] for key in ("feedback_rate", "pretraining")}
    steps = settings["steps"] if case.several else 1
    setup = Setup(
        base=settings["base"],
        readout=row.readout,
        steps=steps,
        record=(steps,),
        quantities=("coordinates",),
    )
    return joined(
        sweep(
            problem,
            row.arm(options, frozen=("last",)),
            setup,
            width=width,
            rates=[settings["rate"]],
            seeds=range(settings["seeds"]),
            purpose=("mup_local", "targets", settings["seed"]),
            work=work,
            name=f"targets-{name}-n{width}",
        )
        for width in widths
    )
