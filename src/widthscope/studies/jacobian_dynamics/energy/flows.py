"""Rates of the energy along continuous time: at random states, and at states found by climbing them.

Random states at a small inverse temperature have aligned means and hardly ever gain energy, whatever the
weights are; so the rate is also climbed from random starts.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.energies import (
    EnergyRate,
    attention_flow,
    energy_rate,
    log_energy,
    on_tangents,
    pairs,
)
from widthscope.progress import Progress
from widthscope.studies.jacobian_dynamics.energy.names import ROUNDING
from widthscope.studies.jacobian_dynamics.energy.theory import (
    free_value_rate,
    matched_value_rate,
    orthogonal_heads_rate,
)
from widthscope.studies.jacobian_dynamics.energy.weights import CONDITIONS, Flow, unit_tokens

CLIMBED = (
    "matched",
    "free value",
    "indefinite value",
    "orthogonal heads",
    "overlapping heads",
    "asymmetric",
    "asymmetric, symmetric energy",
    "blocks",
    "symmetrised blocks",
)
"""The conditions of which a climb is asked; of the others random states tell enough."""

FORMULAS = ("matched", "free value", "orthogonal heads")

CHECKED = 8
"""Random states of each draw at which rates are compared with autograd's, which cost more."""

CLIMB_RATE = 0.1
"""Of Adam, in units of a token's length; found on other draws to reach rises in a few dozen steps."""


def table(settings: Mapping[str, Any], progress: Progress) -> xr.Dataset:
    """What the energy does, by condition, inverse temperature and draw of the weights.

    Args:
        settings: the values of `Flows` and `seed`.
        progress: wraps the loop over the conditions.

    Returns:
        `random_share` of random states with a rise, `random_first` (of the first alone: 0 or 1), `largest`
        balance found at all, each (condition, beta, draw); `autograd_error` of the rate; and for the closed
        forms `formula_error` and `wrong_formula_error`, largest relative errors, (formula, beta, draw).
    """
    betas, draws = settings["betas"], settings["draws"]
    names = ("random_share", "random_first", "largest", "autograd_error")
    found = {name: np.empty((len(CONDITIONS), len(betas), draws)) for name in names}
    errors = np.full((2, len(FORMULAS), len(betas), draws), np.nan)
    tokens = {
        width: [unit_tokens(settings, name, width, settings[name]) for name in ("states", "starts")]
        for width in {settings["width"], settings["heads_width"]}
    }
    for row, name in enumerate(progress(list(CONDITIONS), description="energy along flows")):
        flow = CONDITIONS[name](settings)
        width = flow.score.shape[-1]
        states, starts = tokens[width]
        for place, beta in enumerate(betas):
            rate = _rate(flow, beta, states)
            rises = (rate.balance > ROUNDING).double()
            best = rate.balance.amax(dim=1)
            if name in CLIMBED:
                best = torch.maximum(best, climbed(flow, beta, starts, settings["climb"]))
            few = states[:, :CHECKED]
            measured, own = autograd_rate(flow, beta, few), rate.relative[:, :CHECKED]
            gap = ((own - measured) * rate.balance[:, :CHECKED] / own).abs()
            for key, values in zip(names, (rises.mean(1), rises[:, 0], best, gap.amax(1)), strict=True):
                found[key][row, place] = values.numpy()
            if name in FORMULAS:
                k = FORMULAS.index(name)
                right, wrong = formula_errors(name, settings, flow, beta, few)
                errors[0, k, place], errors[1, k, place] = right.numpy(), wrong.numpy()
    over_draws = ("beta", "draw")
    return xr.Dataset(
        {name: (("condition", *over_draws), values) for name, values in found.items()}
        | {
            "formula_error": (("formula", *over_draws), errors[0]),
            "wrong_formula_error": (("formula", *over_draws), errors[1]),
        },
        coords={
            "condition": np.asarray(list(CONDITIONS)),
            "formula": np.asarray(FORMULAS),
            "beta": np.asarray(betas, dtype=float),
            "draw": np.arange(draws),
        },
        attrs={name: settings[name] for name in ("width", "heads", "heads_width", "tokens", "states")},
    )


def climbed(flow: Flow, beta: float, starts: Tensor, steps: int) -> Tensor:
    """Largest balance met while climbing it by Adam from the starts, tokens of length 1; (draw,)."""
    free = starts
    mean, square = torch.zeros_like(starts), torch.zeros_like(starts)
    best = torch.full((len(starts),), -torch.inf, dtype=starts.dtype)
    for step in range(1, steps + 1):
        free = free.detach().requires_grad_()
        balance = _rate(flow, beta, free / free.norm(dim=-1, keepdim=True)).balance
        best = torch.maximum(best, balance.detach().amax(dim=1))
        (slope,) = torch.autograd.grad(balance.sum(), free)
        mean, square = mean.lerp(slope, 0.1), square.lerp(slope.square(), 0.001)
        spread = (square / (1 - 0.999**step)).sqrt() + 1e-8
        free = free + CLIMB_RATE * mean / (1 - 0.9**step) / spread
    return best


def autograd_rate(flow: Flow, beta: float, states: Tensor) -> Tensor:
    """(dE/dt) / |E| by autograd's gradient of ln(-E) along the flow, (draw, state)."""
    velocity = attention_flow(flow.score, flow.value, beta, states)
    if flow.projected:
        velocity = on_tangents(states, velocity)
    moving = states.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(log_energy(flow.energy, beta, moving).sum(), moving)
    return -(gradient * velocity).sum(dim=(-2, -1))


def formula_errors(
    name: str, settings: Mapping[str, Any], flow: Flow, beta: float, states: Tensor
) -> tuple[Tensor, Tensor]:
    """Largest relative error of the condition's closed form, and of one without what it needs; (draw,)."""
    A, B = flow.score, flow.value
    other = CONDITIONS["overlapping heads"](settings) if name == "orthogonal heads" else flow
    if name == "matched":
        right = matched_value_rate(A, beta, states)
        wrong = matched_value_rate(A, beta, states, projected=False)
    elif name == "free value":
        right, wrong = (free_value_rate(A, value, beta, states) for value in (B, B.mT))
    else:
        right, wrong = (orthogonal_heads_rate(heads.score, beta, states) for heads in (flow, other))
    measured = [autograd_rate(one, beta, states) for one in (flow, other)]
    errors = ((found - exact) / exact for found, exact in zip((right, wrong), measured, strict=True))
    first, second = (error.abs().amax(dim=1) for error in errors)
    return first, second


def _rate(flow: Flow, beta: float, states: Tensor) -> EnergyRate:
    seen = pairs(flow.score, beta, states)
    force = attention_flow(flow.score, flow.value, beta, states, seen)
    known = seen if flow.energy is flow.score else None
    return energy_rate(flow.energy, beta, states, force, flow.projected, known)
