"""The norm of the update's Jacobian against the bound that the shortest length before normalisation gives."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.jacobians.self_attention import attention_jacobian
from widthscope.attention.jacobians.update import update_jacobian
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.models.recurrence.attention import attended
from widthscope.models.recurrence.initial import initial, sphere_tokens
from widthscope.models.recurrence.rule import Rule
from widthscope.streams import torch_generator
from widthscope.work import Work

REACH = 10.0
"""Scales, step sizes and lengths are log-uniform within this factor of 1 either way."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Measured norm over bound by draw.

    Args:
        settings: those of `Bound` and `seed`.
        datasets: none is read.
        work: not needed.

    Returns:
        Over (draw,): `fixed`, ||J|| over max|gamma|/R (1 + eta ||J_MSA||) with R the shortest length before
        the norm; `large_step`, over max|gamma| (1 + eta ||J_MSA||)/(eta eps - max|gamma|) with eps the
        shortest attended vector, tokens no longer than max|gamma| and larger steps; `longest`, as `fixed`
        with the longest length in place of the shortest; `bare`, the norm of the update without a norm over
        the bound.
    """
    parameters, state, drive = _drawn(settings)
    fixed, longest, bare = _ratios(parameters, state, drive)
    largest = parameters["gain"].abs().amax(-1)
    state = state * (largest / state.norm(dim=-1).amax((1, 2)))[:, None, None, None]
    attending = (attended(Rule(), parameters, state) + drive).norm(dim=-1).amin((1, 2))
    generator = torch_generator("jacobian_dynamics", "normalisation.bound.steps", settings["seed"])
    steps = 1.5 * largest / attending * _log_uniform(generator, settings["draws"]) * REACH
    parameters = {**parameters, "step": steps}
    large = _norm(update_jacobian(Rule(), parameters, state, drive))
    inner = _norm(attention_jacobian(Rule(), parameters, state))
    bound = largest * (1 + steps * inner) / (steps * attending - largest)
    found = {"fixed": fixed, "large_step": large / bound, "longest": longest, "bare": bare}
    return xr.Dataset({name: ("draw", values.numpy()) for name, values in found.items()})


def _ratios(parameters: Parameters, state: Tensor, drive: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Measured over bound with the shortest length, with the longest, and without a norm; each (draw,)."""
    bare_parameters = {name: values for name, values in parameters.items() if name != "gain"}
    step = parameters["step"]
    lengths = (state + step[:, None, None, None] * (attended(Rule(), parameters, state) + drive)).norm(dim=-1)
    largest = parameters["gain"].abs().amax(-1)
    measured = _norm(update_jacobian(Rule(), parameters, state, drive))
    without = _norm(update_jacobian(Rule(norm="none"), bare_parameters, state, drive))
    inner = largest * (1 + step * _norm(attention_jacobian(Rule(), parameters, state)))
    shortest, longest = lengths.amin((1, 2)), lengths.amax((1, 2))
    return measured * shortest / inner, measured * longest / inner, without * shortest / inner


def _drawn(settings: Mapping[str, Any]) -> tuple[Parameters, Tensor, Tensor]:
    """Parameters (draw, ...), state and drive (draw, 1, token, width), each draw on its own stream."""
    members, states, drives = [], [], []
    width, tokens = settings["width"], settings["tokens"]
    for place in range(settings["draws"]):
        names = ("jacobian_dynamics", "normalisation.bound", settings["seed"], place)
        generator = torch_generator(*names)
        scale, step, length, kappa = _log_uniform(generator, 4)
        own = initial(Rule(), generator, width, settings["heads"], float(scale), float(scale), float(step))
        gain = torch.randn(width, generator=generator, dtype=torch.float64)
        members.append({**own, "gain": gain})
        states.append(sphere_tokens(generator, 1, tokens, width) * length)
        drives.append(sphere_tokens(generator, 1, tokens, width) * length * kappa)
    return stacked(members, dtype=torch.float64), torch.stack(states), torch.stack(drives)


def _log_uniform(generator: torch.Generator, count: int) -> Tensor:
    drawn = torch.rand(count, generator=generator, dtype=torch.float64)
    return REACH ** (2 * drawn - 1)


def _norm(matrices: Tensor) -> Tensor:
    """Spectral norms (draw,) of (draw, 1, n, n)."""
    norms: Tensor = torch.linalg.matrix_norm(matrices[:, 0], ord=2)
    return norms
