"""Exact posteriors at finite width, and how far the theory and wrong theories are from them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.path_theory.network import Network
from widthscope.path_theory.problem import problem
from widthscope.posteriors.collapsed.laplace import laplace_importance
from widthscope.studies.attention_paths.exact.candidates import CANDIDATES, candidates
from widthscope.studies.attention_paths.exact.deviations import deviations
from widthscope.studies.attention_paths.tasks.gaussian_paths import gaussian_paths
from widthscope.studies.attention_paths.tasks.hidden_markov import (
    FOUR_PATHS,
    TWO_PATHS,
    Chains,
    hidden_markov,
)
from widthscope.studies.attention_paths.tasks.path_task import PathTask
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A table of each case.

    Args:
        settings: `seed`, of the run, and `cases`; see `of_seed`.
        datasets: none is read.
        work: its progress shows the sizes done.
    """
    cases = settings["cases"]
    todo = [(case, seed) for case in cases for seed in seeds_of(case)]
    rows: dict[str, list[Any]] = {case["name"]: [] for case in cases}
    for case, seed in work.progress(todo, total=len(todo), description="data sets"):
        rows[case["name"]].append(of_seed(case, settings["seed"], seed))
    return xr.DataTree.from_dict({case["name"]: table(case, rows[case["name"]]) for case in cases})


def of_seed(case: Mapping[str, Any], run_seed: int, seed: int) -> list[dict[str, Any]]:
    """Deviations and what else `deviations` gives, size by size, of one data set at each.

    Args:
        case: `name`, `task` with its parameters, `heads`, `variances`, `temperature`, `first_seed`, `seeds`,
            `tests`, `draws` and `scrambles`; whether the `variance` of the predictor is compared, and a
            theory with the path index `transposed`; `sizes`, each with `width`, its name, `widths`,
            `examples`, `features` and the widths that a theory is `told`.
        run_seed: of the run.
        seed: of the data set.
    """
    found, task, posed_sizes = [], None, None
    for size in case["sizes"]:
        if task is None or posed_sizes != (size["examples"], size["features"]):
            task = _task(case, size, run_seed, seed)
            posed_sizes = (size["examples"], size["features"])
        found.append(_compared(case, size, task, run_seed, seed))
    return found


def table(case: Mapping[str, Any], rows: Sequence[Sequence[Mapping[str, Any]]]) -> xr.Dataset:
    """The table of a case from its rows, by data set and size.

    Returns:
        Over (seed, width, candidate): squared relative deviations `mean` and `variance` of the predictor
        and `matrix` of U from the exact posterior, without the Monte-Carlo error, and `accuracy` of the
        predictor's sign. Over (seed, width): Monte-Carlo errors `mean_error` and `matrix_error`, the
        `effective` share of draws and the `exact_accuracy`. NaN is what was not measured.
    """
    columns: dict[str, Any] = {}
    for name, first in rows[0][0].items():
        if isinstance(first, Mapping):
            values = [[[row[name][one] for one in CANDIDATES] for row in sizes] for sizes in rows]
            columns[name] = (("seed", "width", "candidate"), np.array(values))
        else:
            columns[name] = (("seed", "width"), np.array([[row[name] for row in sizes] for sizes in rows]))
    widths = [size["width"] for size in case["sizes"]]
    coordinates = {"seed": list(seeds_of(case)), "width": widths, "candidate": list(CANDIDATES)}
    return xr.Dataset(columns, coords=coordinates)


def seeds_of(case: Mapping[str, Any]) -> range:
    """The data sets of a case, or of the part of it that a shard has."""
    return range(case["first_seed"], case["first_seed"] + case["seeds"])


def _compared(
    case: Mapping[str, Any], size: Mapping[str, Any], task: PathTask, run_seed: int, seed: int
) -> dict[str, Any]:
    variances = tuple(case["variances"]) if case["variances"] else None
    network = Network(tuple(case["heads"]), tuple(size["widths"]), variances)
    posed = problem(task.inputs, task.labels, case["temperature"], network)
    names = ("attention_paths", "exact", case["name"], run_seed, size["width"], seed)
    draws = laplace_importance(posed, case["draws"], case["scrambles"], names)
    told = Network(network.heads, tuple(size["told"]), network.variances) if size["told"] else None
    found = candidates(posed, told, transposed=case["transposed"])
    return deviations(posed, draws, found, task, variance=case["variance"])


def _task(case: Mapping[str, Any], size: Mapping[str, Any], run_seed: int, seed: int) -> PathTask:
    task = case["task"]
    if task["name"] == "gaussian":
        paths = int(torch.tensor(case["heads"]).prod())
        return gaussian_paths(
            size["examples"], size["features"], paths, case["tests"], seed=run_seed, data_seed=seed
        )
    chains = Chains(
        heads=TWO_PATHS if task["paths"] == 2 else FOUR_PATHS,
        tokens=task["tokens"],
        features=task["features"],
        noise=tuple(task["noise"]),
    )
    return hidden_markov(chains, size["examples"], case["tests"], seed=run_seed, data_seed=seed)
