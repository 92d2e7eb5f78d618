"""All weights sampled, the exact posterior of the order parameters, and the theory, on the same data sets."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import gaussian_process
from widthscope.path_theory.prediction import gaussian_process_prediction, predict
from widthscope.path_theory.problem import Problem, problem
from widthscope.posteriors.collapsed.laplace import laplace_importance
from widthscope.posteriors.collapsed.prediction import mean_matrices, mean_prediction, prediction_variance
from widthscope.posteriors.weights.diagnostics import convergence
from widthscope.posteriors.weights.gibbs import Chains, gibbs
from widthscope.streams import Name, torch_generator
from widthscope.studies.attention_paths.tasks.gaussian_paths import gaussian_paths
from widthscope.studies.attention_paths.tasks.hidden_markov import Chains as HiddenMarkov
from widthscope.studies.attention_paths.tasks.hidden_markov import hidden_markov
from widthscope.studies.attention_paths.tasks.path_task import PathTask
from widthscope.work import Work

Arrays = dict[str, np.ndarray]

WARMER = 2.0
"""Factor of the temperature at which the exact posterior is another one, for the control."""

NARROWER = 8
"""Part of the width that a theory is told for the control: its order parameters go too far."""

QUANTITIES = ("mean", "variance", "order")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Posterior moments of every case by every way.

    Args:
        settings: `cases`, each with its task, network, sizes, numbers of draws, `data_seeds` (the first and
            the one after the last) and how many of them are sampled `together`, and `seed`.
        datasets: none.
        work: its progress shows the cases done.

    Returns:
        A table by case, over `seed`: posterior `mean` and `variance` of the predictor (test) and `order`, the
        mean order parameter (path, other), each as `_sampled` from either half of the chains (half), as
        `_theory` and at infinite width, `_limit`; where `draws` is not 0 also as `_exact`, and mean
        and order at twice the temperature, `_warmer`, from either scramble (half); `mean_narrower` of the
        theory told an eighth of the width and `order_permuted` of the theory of permuted labels. Where it
        is 0, `order_wider` of the theory told twice the width. `r_hat` and `effective`, the worst of all
        outputs and of all entries of the order parameter (watched), `exact_effective`, the effective share
        of the draws, and `gradient`, at the theory's minimum.
    """
    cases = settings["cases"]
    tables = {
        case["name"]: _table(case, settings["seed"])
        for case in work.progress(cases, total=len(cases), description="cases")
    }
    return xr.DataTree.from_dict(tables)


def _table(case: Mapping[str, Any], seed: int) -> xr.Dataset:
    network = Network(
        tuple(case["heads"]),
        tuple(case["widths"]),
        None if case["variances"] is None else tuple(case["variances"]),
    )
    data_seeds = list(range(*case["data_seeds"]))
    tasks = [_task(case, seed, data_seed) for data_seed in data_seeds]
    found = _sampled(case, tasks, data_seeds, network, seed)
    rows = [_computed(case, task, network, seed, each) for each, task in zip(data_seeds, tasks, strict=True)]
    found |= {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    return xr.Dataset(
        {name: (_dims(name), values) for name, values in found.items()},
        coords={"watched": ["outputs", "order"], "seed": data_seeds},
        attrs={
            "width": case["widths"][0],
            "examples": case["examples"],
            "temperature": case["temperature"],
            "paths": network.paths,
        },
    )


def _dims(name: str) -> tuple[str, ...]:
    if name in ("r_hat", "effective"):
        return ("seed", "watched")
    quantity, _, way = name.partition("_")
    if quantity not in QUANTITIES:
        return ("seed",)
    halves = ("half",) if way in ("sampled", "exact", "warmer") else ()
    return ("seed", *halves, *(("path", "other") if quantity == "order" else ("test",)))


def _task(case: Mapping[str, Any], seed: int, data_seed: int) -> PathTask:
    examples, tests = case["examples"], case["tests"]
    if case["task"] == "gaussian":
        paths = int(np.prod(case["heads"]))
        return gaussian_paths(examples, case["features"], paths, tests, seed=seed, data_seed=data_seed)
    chains = HiddenMarkov(
        heads=tuple(tuple(layer) for layer in case["kinds"]),
        tokens=case["tokens"],
        features=case["features"],
        readout=case["readout"],
    )
    return hidden_markov(chains, examples, tests, seed=seed, data_seed=data_seed)


def _sampled(
    case: Mapping[str, Any],
    tasks: Sequence[PathTask],
    data_seeds: Sequence[int],
    network: Network,
    seed: int,
) -> Arrays:
    """Moments of either half of the chains, and the worst diagnostics, some data sets at a time."""
    parts = []
    for first in range(0, len(tasks), case["together"]):
        part = slice(first, first + case["together"])
        names = [("attention_paths", "gibbs", seed, case["name"], each) for each in data_seeds[part]]
        parts.append(_sampled_together(case, tasks[part], names, network))
    return {name: np.concatenate([each[name] for each in parts]) for name in parts[0]}


def _sampled_together(
    case: Mapping[str, Any],
    tasks: Sequence[PathTask],
    names: Sequence[tuple[Name, ...]],
    network: Network,
) -> Arrays:
    chains = gibbs(
        torch.stack([task.inputs for task in tasks]),
        torch.stack([task.labels for task in tasks]),
        case["temperature"],
        network,
        chains=case["chains"],
        warm_up=case["warm_up"],
        sweeps=case["sweeps"],
        names=names,
        test_inputs=torch.stack([task.test_inputs for task in tasks]),
    )
    outputs, orders = (
        draws.reshape(len(tasks), 2, -1, *draws.shape[3:]) for draws in (chains.f, chains.order)
    )
    return {
        "mean_sampled": outputs.mean(2).numpy(),
        "variance_sampled": outputs.var(2).numpy(),
        "order_sampled": orders.mean(2).numpy(),
        **_diagnosed(chains),
    }


def _diagnosed(chains: Chains) -> Arrays:
    rows, columns = torch.tril_indices(chains.order.shape[-1], chains.order.shape[-1])
    entries = chains.order[..., rows, columns]
    watched = [convergence(values.permute(0, 3, 1, 2).numpy()) for values in (chains.f, entries)]
    return {
        "r_hat": np.stack([each.r_hat.max(1) for each in watched], axis=1),
        "effective": np.stack([np.minimum(each.bulk, each.spread).min(1) for each in watched], axis=1),
    }


def _computed(case: Mapping[str, Any], task: PathTask, network: Network, seed: int, data_seed: int) -> Arrays:
    """What is computed for one data set without sampling weights."""
    posed = problem(task.inputs, task.labels, case["temperature"], network)
    solution = minimise(posed)
    limit = gaussian_process_prediction(posed, task.test_inputs)
    found: dict[str, Tensor] = {
        "gradient": torch.tensor(solution.gradient_norm),
        "order_limit": gaussian_process(network).matrices[0],
        "mean_limit": limit.mean,
        "variance_limit": limit.variance,
        **_predicted("theory", posed, solution.path_weights, task),
    }
    if not case["draws"]:
        found["order_wider"] = minimise(posed.at(network=network.scaled(2))).path_weights
    else:
        names = ("attention_paths", "sampling", seed, case["name"], data_seed)
        found |= _exact("exact", posed, task, case, names)
        warmer = posed.at(temperature=WARMER * case["temperature"])
        share = found.pop("effective_exact")
        found |= _exact("warmer", warmer, task, case, names)
        found["exact_effective"] = torch.minimum(share, found.pop("effective_warmer"))
        order = torch.randperm(len(task.labels), generator=torch_generator(*names, "permuted"))
        permuted = problem(task.inputs, task.labels[order], case["temperature"], network, posed.kernels)
        found["order_permuted"] = minimise(permuted).path_weights
        told = replace(network, widths=tuple(max(1, width // NARROWER) for width in network.widths))
        narrower = minimise(posed.at(network=told)).path_weights
        found["mean_narrower"] = predict(posed, narrower, task.test_inputs).mean
    return {name: values.numpy() for name, values in found.items()}


def _predicted(way: str, posed: Problem, order: Tensor, task: PathTask) -> dict[str, Tensor]:
    predicted = predict(posed, order, task.test_inputs)
    return {
        f"order_{way}": order,
        f"mean_{way}": predicted.mean,
        f"variance_{way}": predicted.variance,
    }


def _exact(
    way: str, posed: Problem, task: PathTask, case: Mapping[str, Any], names: tuple[str | int, ...]
) -> dict[str, Tensor]:
    """By scramble, of which there are two."""
    found = laplace_importance(posed, case["draws"], 2, (*names, way), pilots=tuple(case["pilots"]))
    computed = {
        f"mean_{way}": mean_prediction(posed, found, task.test_inputs).by_scramble,
        f"order_{way}": mean_matrices(found)[0].by_scramble,
        f"effective_{way}": torch.tensor(found.ess_fraction),
    }
    if way == "exact":
        variance = prediction_variance(posed, found, task.test_inputs)
        computed["variance_exact"] = variance.by_scramble
    return computed
