"""Energy along discrete time: x <- x + eta f, tokens taken back to the sphere where the flow is projected.

A is symmetric and B = A, so that the energy falls along the flow; only the size of the step is at stake.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.energies import attention_flow, log_energy, on_tangents
from widthscope.progress import Progress
from widthscope.studies.jacobian_dynamics.energy.theory import step_limit
from widthscope.studies.jacobian_dynamics.energy.weights import gaussian, symmetric_part, unit_tokens

ROUNDING = 1e-12
"""A change of ln(-E), over its size where that is above 1, that rounding can make."""

UNPROJECTED_ITERATIONS = 20
"""Without projection tokens grow by a factor at each step, and a long run has nothing new."""


def table(settings: Mapping[str, Any], progress: Progress) -> xr.Dataset:
    """Rises of the energy by step size, inverse temperature and draw.

    Args:
        settings: the values of `Steps` and `seed`.
        progress: wraps the loop over the inverse temperatures.

    Returns:
        `rises` (step, beta, draw) share of steps at which energy rises; `relative_rises` (relative_step,
        beta, draw) at steps relative to the draw's limit; `unprojected_rises` (step, beta, draw); `limit`
        (draw,); and of the first draw `trace` (relative_step, beta, iteration), ln(-E) less its first value.
    """
    draws, betas = settings["draws"], settings["betas"]
    A = symmetric_part(gaussian(settings, "step score", settings["width"]))
    states = unit_tokens(settings, "step states", settings["width"], 1)
    limit = step_limit(A[:, 0])
    absolute = (*settings["small"], *settings["large"])
    relative = (settings["below"], settings["above"])
    found = {
        "rises": np.empty((len(absolute), len(betas), draws)),
        "unprojected_rises": np.empty((len(absolute), len(betas), draws)),
        "relative_rises": np.empty((len(relative), len(betas), draws)),
    }
    trace = np.empty((len(relative), len(betas), settings["iterations"] + 1))
    for place, beta in enumerate(progress(betas, description="energy along steps")):
        for row, step in enumerate(absolute):
            size = torch.full((draws,), step, dtype=torch.float64)
            logs = energies(A, beta, states, size, settings["iterations"], projected=True)
            found["rises"][row, place] = share_of_rises(logs)
            logs = energies(A, beta, states, size, UNPROJECTED_ITERATIONS, projected=False)
            found["unprojected_rises"][row, place] = share_of_rises(logs)
        for row, part in enumerate(relative):
            logs = energies(A, beta, states, part * limit, settings["iterations"], projected=True)
            found["relative_rises"][row, place] = share_of_rises(logs)
            trace[row, place] = (logs[:, 0] - logs[0, 0]).numpy()
    over = ("beta", "draw")
    return xr.Dataset(
        {
            "rises": (("step", *over), found["rises"]),
            "unprojected_rises": (("step", *over), found["unprojected_rises"]),
            "relative_rises": (("relative_step", *over), found["relative_rises"]),
            "trace": (("relative_step", "beta", "iteration"), trace),
            "limit": ("draw", limit.numpy()),
        },
        coords={
            "step": np.asarray(absolute, dtype=float),
            "relative_step": np.asarray(relative, dtype=float),
            "beta": np.asarray(betas, dtype=float),
            "draw": np.arange(draws),
            "iteration": np.arange(settings["iterations"] + 1),
        },
        attrs={"small": len(settings["small"])},
    )


def energies(
    score: Tensor, beta: float, state: Tensor, step: Tensor, iterations: int, projected: bool
) -> Tensor:
    """ln(-E) before each step and after the last, (iteration + 1, draw), one state for each draw.

    Args:
        score: A = B, (draw, 1, width, width).
        state: (draw, 1, token, width), on the unit sphere.
        step: eta, (draw,).
    """
    size = step[:, None, None, None]
    logs = [log_energy(score, beta, state)[:, 0]]
    for _ in range(iterations):
        force = attention_flow(score, score, beta, state)
        if projected:
            moved = state + size * on_tangents(state, force)
            state = moved / moved.norm(dim=-1, keepdim=True)
        else:
            state = state + size * force
        logs.append(log_energy(score, beta, state)[:, 0])
    return torch.stack(logs)


def share_of_rises(logs: Tensor) -> np.ndarray:
    """Share of steps at which E rises, that is ln(-E) falls, beyond rounding; (draw,)."""
    change = logs.diff(dim=0)
    found: np.ndarray = (change < -ROUNDING * logs[:-1].abs().clamp_min(1)).double().mean(0).numpy()
    return found
