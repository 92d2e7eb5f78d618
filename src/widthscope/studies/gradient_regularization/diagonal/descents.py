"""Diagonal linear networks trained in steps of finite length: by differences, and by flooding."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.diagonal_networks import ensemble
from widthscope.diagonal_networks.interpolation import interpolating_solution
from widthscope.diagonal_networks.regression import Regression
from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.training import Trained, train
from widthscope.gradient_regularisation.ensemble_steps import DifferenceStep
from widthscope.gradient_regularisation.flooding import FloodingStep
from widthscope.studies.gradient_regularization.diagonal.flows import regression, spread_evenly
from widthscope.work import Work

FORMULAS = ["right", "wrong"]


def descend(problem: Mapping[str, Any], each: Mapping[str, Any], run_seed: int, work: Work) -> xr.Dataset:
    """Descent by one-sided differences: w₊w₋ at the end against the law of finite steps and that of the flow.

    Args:
        problem: `examples`, `features`, `support`.
        each: `mean`, `scale`, `strength`, `ascents` (not 0), `seeds`, `rate`, `steps`.
        run_seed: the run's.
        work: what the job gives.

    Returns:
        `deviation` (formula, seed, ascent), the largest deviation of log(w₊w₋) over the coordinates, and
        `loss` (seed, ascent); NaN for a member that diverged.
    """
    data = regression(problem, each["mean"], run_seed, each["seeds"])
    members = Members.grid(seed=each["seeds"], ascent=each["ascents"])
    rates, strengths = (_filled(each[name], members, work) for name in ("rate", "strength"))
    ascents = torch.tensor(members.values("ascent"), dtype=torch.float64, device=work.device)
    moves = DifferenceStep(ensemble.loss, SGD(each["rate"]), each["strength"], ascents)
    step = ensemble.AccountedStep(moves, ensemble.DescentTerms(rates, strengths, ascents))
    start = _start(problem, each, members, ("log_product", "log_flow"), work)
    batch = _batch(data, each["seeds"], members, work)
    trained = train(members, start, step, lambda _: batch, each["steps"], work=work, name=each["name"])
    found = _found(trained)
    shape = (len(each["seeds"]), len(each["ascents"]))
    deviations = [
        _deviation(found, each["scale"], found[name]).reshape(shape) for name in ("log_product", "log_flow")
    ]
    return xr.Dataset(
        {
            "deviation": (("formula", "seed", "ascent"), np.stack(deviations)),
            "loss": (("seed", "ascent"), trained.history["loss"].values[:, -1].reshape(shape)),
        },
        coords={"seed": each["seeds"], "ascent": each["ascents"], "formula": FORMULAS},
        attrs={name: each[name] for name in ("mean", "rate", "steps")},
    )


def flood(problem: Mapping[str, Any], each: Mapping[str, Any], run_seed: int, work: Work) -> xr.Dataset:
    """Flooding, and then the plain flow, whose end is found from the weights that flooding leaves.

    Args:
        problem, run_seed, work: as in `descend`.
        each: `mean`, `scale`, `seeds`, `rate`, `level`, `steps`.

    Returns:
        `deviation` (formula, seed) of log(w₊w₋) from the law of finite steps and (wrong) from that of the
        flow on |L - b|, which leaves it as it was; `log_shift` (seed, feature); `test_error`, and
        `plain_error` of the plain flow alone, and `even_error` of weights whose scale has fallen by
        as much on the mean, but evenly, (seed); `loss`, the mean loss of the last tenth of the steps.
    """
    data = regression(problem, each["mean"], run_seed, each["seeds"])
    members = Members.grid(seed=each["seeds"])
    moves = FloodingStep(ensemble.loss, each["level"], SGD(each["rate"]))
    step = ensemble.AccountedStep(moves, ensemble.FloodingTerms(_filled(each["rate"], members, work)))
    start = _start(problem, each, members, ("log_product",), work)
    batch = _batch(data, each["seeds"], members, work)
    trained = train(members, start, step, lambda _: batch, each["steps"], work=work, name=each["name"])
    found = _found(trained)
    kept = found["log_product"]
    deviations = [_deviation(found, each["scale"], law) for law in (kept, np.zeros_like(kept))]
    log_scale = 0.5 * np.log(found["plus"] * found["minus"])
    offset = 0.5 * np.log(found["plus"] / found["minus"])
    ends, even_ends = (np.full(log_scale.shape, np.nan) for _ in range(2))
    even = spread_evenly(log_scale)
    plain = np.empty(log_scale.shape)
    for place in range(len(members)):
        inputs, outputs = data.inputs[place], data.outputs[place]
        plain[place] = interpolating_solution(
            inputs, outputs, np.full(log_scale.shape[1], np.log(each["scale"]))
        )
        if np.isfinite(log_scale[place]).all():
            ends[place] = interpolating_solution(inputs, outputs, log_scale[place], offset[place])
            even_ends[place] = interpolating_solution(inputs, outputs, even[place], offset[place])
    return xr.Dataset(
        {
            "deviation": (("formula", "seed"), np.stack(deviations)),
            "log_shift": (("seed", "feature"), log_scale - np.log(each["scale"])),
            "test_error": ("seed", data.error(ends)),
            "plain_error": ("seed", data.error(plain)),
            "even_error": ("seed", data.error(even_ends)),
            "loss": ("seed", trained.history["loss"].values[:, -max(1, each["steps"] // 10) :].mean(axis=1)),
        },
        coords={"seed": each["seeds"], "formula": FORMULAS},
        attrs={**problem, **{name: each[name] for name in ("mean", "scale", "rate", "level", "steps")}},
    )


def _start(
    problem: Mapping[str, Any], each: Mapping[str, Any], members: Members, sums: tuple[str, ...], work: Work
) -> Parameters:
    start = ensemble.initial(each["scale"], len(members), problem["features"], work.device)
    return start | {name: torch.zeros_like(start["plus"]) for name in sums}


def _batch(data: Regression, seeds: list[int], members: Members, work: Work) -> Batch:
    """All examples of each member's seed."""
    places = [seeds.index(int(seed)) for seed in members.values("seed")]
    arrays = {"inputs": data.inputs[places], "outputs": data.outputs[places]}
    return {name: torch.from_numpy(values).to(work.device) for name, values in arrays.items()}


def _filled(value: float, members: Members, work: Work) -> Tensor:
    return torch.full((len(members),), float(value), dtype=torch.float64, device=work.device)


def _found(trained: Trained) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """The last parameters (member, feature), NaN for a member that diverged."""
    lost = trained.diverged_at.cpu().numpy() >= 0
    return {
        name: np.where(lost[:, None], np.nan, value.cpu().numpy())
        for name, value in trained.parameters.items()
    }


def _deviation(
    found: Mapping[str, np.ndarray[Any, np.dtype[np.float64]]],
    scale: float,
    law: np.ndarray[Any, np.dtype[np.float64]],
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Largest |log(w₊w₋) - 2 log α₀ - law| over the coordinates, (member,)."""
    shift = np.log(found["plus"] * found["minus"]) - 2 * np.log(scale)
    return np.asarray(np.abs(shift - law).max(axis=1))
