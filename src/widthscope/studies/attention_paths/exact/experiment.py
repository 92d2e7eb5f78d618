"""Exact posteriors at finite width, and how far the theory and wrong theories are from them."""

from collections.abc import Mapping
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
        settings: `seed`, of the run, and `cases`; see `of_case`.
        datasets: none is read.
        work: its progress shows the sizes done.
    """
    total = sum(len(case["sizes"]) for case in settings["cases"])
    todo = [(case, size) for case in settings["cases"] for size in case["sizes"]]
    tables: dict[str, list[xr.Dataset]] = {}
    for case, size in work.progress(todo, total=total, description="sizes"):
        tables.setdefault(case["name"], []).append(of_size(case, size, settings["seed"]))
    return xr.DataTree.from_dict({name: xr.concat(found, "width") for name, found in tables.items()})


def of_size(case: Mapping[str, Any], size: Mapping[str, Any], run_seed: int) -> xr.Dataset:
    """All data sets of one case at one size.

    Args:
        case: `name`, `task` with its parameters, `heads`, `variances`, `temperature`, `seeds`, `tests`,
            `draws` and `scrambles`; whether the `variance` of the predictor is compared, and a theory with
            the path index `transposed`.
        size: `width`, its name; `widths`, `examples`, `features` and the widths that a theory is `told`.
        run_seed: of the run.

    Returns:
        Over (width: 1, seed, candidate): squared relative deviations `mean` and `variance` of the predictor
        and `matrix` of U from the exact posterior, without the Monte-Carlo error, and `accuracy` of the
        predictor's sign. Over (width, seed): Monte-Carlo errors `mean_error` and `matrix_error`, the
        `effective` share of draws and the `exact_accuracy`. NaN is what was not measured.
    """
    rows = [_of_data_set(case, size, run_seed, seed) for seed in range(case["seeds"])]
    by_candidate = ("mean", "matrix", "variance", "accuracy")
    columns: dict[str, Any] = {
        name: (
            ("width", "seed", "candidate"),
            np.array([[[row[name][one] for one in CANDIDATES] for row in rows]]),
        )
        for name in by_candidate
    }
    for name in rows[0].keys() - set(by_candidate):
        columns[name] = (("width", "seed"), np.array([[row[name] for row in rows]]))
    return xr.Dataset(columns, coords={"width": [size["width"]], "candidate": list(CANDIDATES)})


def _of_data_set(
    case: Mapping[str, Any], size: Mapping[str, Any], run_seed: int, seed: int
) -> dict[str, Any]:
    network = Network(
        tuple(case["heads"]), tuple(size["widths"]), case["variances"] and tuple(case["variances"])
    )
    task = _task(case, size, run_seed, seed)
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
