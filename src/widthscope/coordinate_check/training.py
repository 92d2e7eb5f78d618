"""Members of a coordinate check, trained one after the other: every width, every seed, a few steps."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import nn
from torch.optim import SGD, Adam, Optimizer

from widthscope.coordinate_check.losses import Loss
from widthscope.coordinate_check.recording import STATISTICS, Recorder
from widthscope.coordinate_check.request import OPTIMIZERS, CoordinateCheckError, Request
from widthscope.coordinate_check.user_code import Batch, UserCode, call, explained, seeded
from widthscope.progress import Progress, quiet

Mend = Callable[[nn.Module, Optimizer, int], None]
"""Rescales a model and its optimizer, of a width, in place before training."""
NEVER = -1
"""Step at which a member diverged that did not."""


@dataclass
class Member:
    """A model with its optimizer, which the factory may have brought."""

    model: nn.Module
    optimizer: Optimizer
    own_optimizer: bool


def member(code: UserCode, request: Request, width: int) -> Member:
    """A fresh member; call it inside `seeded`.

    Raises:
        CoordinateCheckError: if the factory fails, or there is nothing to train.
    """
    model, optimizer = code.build(width, request.device)
    if optimizer is not None:
        return Member(model, optimizer, own_optimizer=True)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not trained:
        some = " that can be trained" if any(True for _ in model.parameters()) else ""
        raise CoordinateCheckError(f"{code.name}({width}) has no parameters{some}")
    name = request.optimizer or "adam"
    rate = request.rate or OPTIMIZERS[name]
    made = SGD(trained, lr=rate) if name == "sgd" else Adam(trained, lr=rate)
    return Member(model, made, own_optimizer=False)


def batch_of(code: UserCode, request: Request, seed: int) -> Batch:
    """The batch of a seed, the same for every width and step."""
    with seeded(seed):
        return code.batch(seed, request.device)


def record(
    code: UserCode,
    loss: Loss,
    request: Request,
    mend: Mend | None = None,
    progress: Progress = quiet,
) -> xr.Dataset:
    """Train every member, and record what its layers do.

    All steps of a member are on its seed's batch, and random layers (dropout) draw the same numbers in every
    forward pass, so that a change is one of the weights.

    Args:
        code: the user's functions; already probed.
        loss: (output, batch) -> loss.
        request: widths, seeds, steps.
        mend: applied to each member first.
        progress: wraps the loop over the members.

    Returns:
        `STATISTICS` (width, seed, step, layer), `loss` (width, seed, step), `initial_rms`
        (width, seed, parameter) of the weights, `rate` (width, parameter) of learning and `diverged_step`
        (width, seed), NEVER for a member whose numbers are all finite.

    Raises:
        CoordinateCheckError: if the user's code fails, or numbers are not finite at step 0.
    """
    order = [(width, seed) for seed in range(request.seeds) for width in request.widths]
    found: dict[tuple[int, int], _Record] = {}
    batches: dict[int, Batch] = {}
    for width, seed in progress(order, description="coordinate check"):
        if seed not in batches:
            batches = {seed: batch_of(code, request, seed)}
        batch = batches[seed]
        with seeded(seed), explained(f"{code.name}({width})"):
            fresh = member(code, request, width)
            if mend is not None:
                mend(fresh.model, fresh.optimizer, width)
            found[width, seed] = _train(fresh, batch, loss, request, seed)
        if found[width, seed].diverged == 0:
            raise CoordinateCheckError(
                f"{code.name}({width}) gives numbers that are not finite at step 0, before any update "
                f"(seed {seed})"
            )
    return _joined(found, request)


@dataclass
class _Record:
    layers: list[str]
    statistics: np.ndarray  # (step, layer, statistic)
    loss: np.ndarray  # (step,)
    initial: dict[str, float]
    rates: dict[str, float]
    diverged: int


def _train(fresh: Member, batch: Batch, loss: Loss, request: Request, seed: int) -> _Record:
    model, optimizer = fresh.model, fresh.optimizer
    initial = {name: _rms(parameter) for name, parameter in model.named_parameters()}
    rates = rates_of(model, optimizer)
    recorder = Recorder(model, request.every)
    layers: list[str] = []
    statistics: np.ndarray | None = None
    losses = np.full(request.steps + 1, np.nan)
    diverged = NEVER
    with recorder.listening():
        for step in range(request.steps + 1):
            last = step == request.steps
            torch.manual_seed(seed)  # the same noise in every forward pass
            with torch.set_grad_enabled(not last):
                value = loss(call(model, batch.inputs), batch)
            taken = recorder.take()
            if statistics is None:
                layers = list(taken)
                statistics = np.full((request.steps + 1, len(layers), len(STATISTICS)), np.nan)
            # One transfer a step, which on an accelerator is one wait.
            row = torch.cat([value.detach().double().reshape(1), *taken.values()]).cpu().numpy()
            losses[step], statistics[step] = row[0], row[1:].reshape(len(layers), -1)
            if not np.isfinite(row).all():
                diverged = step
                break
            if not last:
                optimizer.zero_grad()
                value.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
    assert statistics is not None
    return _Record(layers, statistics, losses, initial, rates, diverged)


def rates_of(model: nn.Module, optimizer: Optimizer) -> dict[str, float]:
    """Learning rate of every parameter; NaN of those that the optimizer does not train."""
    rates = {
        parameter: float(group["lr"]) for group in optimizer.param_groups for parameter in group["params"]
    }
    return {name: rates.get(parameter, math.nan) for name, parameter in model.named_parameters()}


def _rms(parameter: torch.Tensor) -> float:
    norm = torch.linalg.vector_norm(parameter.detach(), dtype=torch.float64)
    return float(norm) / math.sqrt(max(parameter.numel(), 1))


def _joined(found: Mapping[tuple[int, int], _Record], request: Request) -> xr.Dataset:
    first = next(iter(found.values()))
    for (width, _), one in found.items():
        if one.layers != first.layers:
            raise CoordinateCheckError(
                f"the model calls other layers at width {width} than at {request.widths[0]}; only sizes may "
                "depend on the width"
            )

    def each(value: Callable[[_Record], Any]) -> np.ndarray:
        return np.array(
            [[value(found[width, seed]) for seed in range(request.seeds)] for width in request.widths]
        )

    statistics = each(lambda one: one.statistics)
    parameters = list(first.initial)
    members = ("width", "seed")
    return xr.Dataset(
        {
            **{
                name: ((*members, "step", "layer"), statistics[..., place])
                for place, name in enumerate(STATISTICS)
            },
            "loss": ((*members, "step"), each(lambda one: one.loss)),
            "initial_rms": (
                (*members, "parameter"),
                each(lambda one: [one.initial[name] for name in parameters]),
            ),
            "rate": (
                ("width", "parameter"),
                each(lambda one: [one.rates[name] for name in parameters])[:, 0],
            ),
            "diverged_step": (members, each(lambda one: one.diverged)),
        },
        coords={
            "width": list(request.widths),
            "seed": range(request.seeds),
            "step": range(request.steps + 1),
            "layer": first.layers,
            "parameter": parameters,
        },
    )
