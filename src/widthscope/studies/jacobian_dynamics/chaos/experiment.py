"""Random layers: exponents over the paper's horizon and in the long run, and two near states."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.gram import FloatArray
from widthscope.attention.jacobians.dynamics import RecurrentDynamics
from widthscope.ensembles.parameters import stacked
from widthscope.models.recurrence.initial import initial, relative_drive, sphere_tokens
from widthscope.models.recurrence.rule import Rule
from widthscope.spectra.finite_time import finite_time
from widthscope.spectra.lyapunov import lyapunov_spectrum
from widthscope.streams import torch_generator
from widthscope.work import Work

RULE = Rule(norm="rms")
TOLERANCE = 1e-3
"""Of the largest singular value's residual, relative: worth less than 1e-4 of an exponent over 16 steps."""

APART = 1e-6
"""Distance of two near states over the norm of a state."""

RECORDS = 30

NUMBERS = 2**14
"""Of states that are iterated at once: points are taken together while they are small."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Exponents by point, a drive with a gain, and seed.

    Args:
        settings: `points`, pairs of drive and gain; `width`, `heads`, `tokens`, `horizon`, `warm_up`,
            `steps`, `followed`, `seeds`, `seed`.
        datasets: none is read.
        work: its progress shows the points done.

    Returns:
        Over (point, member): `finite`, over the horizon from the first state; `late`, the same after warming
        up and averaging; `long_run`; `converged`, whether both finite-time exponents are to their tolerance.
        Over (point, member, record): `history` of the exponent in the long run, at `recorded` steps. Over
        (point, member, time): `distance`, ln of the L1 distance of two near states over the first one.
        Coordinates of a point: `drive`, `gain`.
    """
    points = settings["points"]
    one = settings["seeds"] * settings["tokens"] * settings["width"]
    size = max(1, NUMBERS // one)
    groups = [points[first : first + size] for first in range(0, len(points), size)]
    rows = [
        _at_points(group, settings, work.device)
        for group in work.progress(groups, total=len(groups), description="drives and gains")
    ]
    dims = {"history": ("point", "member", "record"), "distance": ("point", "member", "time")}
    recorded = rows[0].pop("recorded")
    return xr.Dataset(
        {
            name: (dims.get(name, ("point", "member")), np.concatenate([row[name] for row in rows]))
            for name in dims | dict.fromkeys(("finite", "late", "long_run", "converged"))
        },
        coords={
            "drive": ("point", [float(drive) for drive, _ in points]),
            "gain": ("point", [float(gain) for _, gain in points]),
            "recorded": ("record", recorded),
            "time": np.arange(settings["followed"] + 1),
        },
        attrs={name: settings[name] for name in ("width", "heads", "tokens", "horizon", "steps", "warm_up")},
    )


def _at_points(
    points: Sequence[Sequence[float]], settings: Mapping[str, Any], device: str
) -> dict[str, FloatArray]:
    """Arrays (point, member, ...), and the steps `recorded`."""
    dynamics, state, nearby = _drawn(points, settings, device)
    warm_up, horizon = settings["warm_up"], settings["horizon"]
    first = finite_time(dynamics, state, horizon, start=nearby, tolerance=TOLERANCE)
    long_run = lyapunov_spectrum(
        dynamics,
        state,
        1,
        settings["steps"],
        warm_up=warm_up,
        frame_warm_up=warm_up,
        start=nearby[:, None],
        records=RECORDS,
    )
    late = finite_time(dynamics, long_run.state, horizon, start=nearby, tolerance=TOLERANCE)
    found = {
        "finite": first.exponents[:, 0],
        "late": late.exponents[:, 0],
        "long_run": long_run.exponents[:, 0],
        "converged": first.converged[:, 0] & late.converged[:, 0],
        "history": long_run.history[:, :, 0],
        "distance": followed(dynamics, long_run.state, nearby, settings["followed"]),
    }
    by_point = {name: values.reshape(len(points), -1, *values.shape[1:]) for name, values in found.items()}
    by_point["recorded"] = long_run.recorded
    return {name: values.cpu().numpy() for name, values in by_point.items()}


def followed(dynamics: RecurrentDynamics, state: Tensor, nearby: Tensor, steps: int) -> Tensor:
    """ln of the L1 distance of two near states over the first one, (batch, steps + 1).

    Args:
        state: (batch, n), on the attractor.
        nearby: (batch, n), the direction in which the second one lies, of any length.
    """
    scale = APART * state.norm(dim=-1, keepdim=True) / nearby.norm(dim=-1, keepdim=True)
    other = state + scale * nearby
    distances = [(other - state).abs().sum(-1)]
    for _ in range(steps):
        state, other = dynamics.step(state), dynamics.step(other)
        distances.append((other - state).abs().sum(-1))
    found: Tensor = (torch.stack(distances, dim=-1) / distances[0][:, None]).log()
    return found


def _drawn(
    points: Sequence[Sequence[float]], settings: Mapping[str, Any], device: str
) -> tuple[RecurrentDynamics, Tensor, Tensor]:
    """The dynamics of all points' members, their first states (point * member, n) and random directions."""
    width, tokens = settings["width"], settings["tokens"]
    members: list[dict[str, Tensor]] = []
    states: list[Tensor] = []
    drives: list[Tensor] = []
    nearby: list[Tensor] = []
    for drive, gain in points:
        for member in range(settings["seeds"]):
            names: Sequence[str | int | float] = ("chaos", settings["seed"], width, drive, gain, member)
            generator = torch_generator("jacobian_dynamics", *names)
            members.append(initial(RULE, generator, width, settings["heads"], score_gain=gain))
            states.append(sphere_tokens(generator, 1, tokens, width, width**0.5))
            drives.append(relative_drive(generator, states[-1], drive))
            nearby.append(torch.randn(tokens * width, generator=generator, dtype=torch.float64))
    parameters = stacked(members, device, torch.float64)
    dynamics = RecurrentDynamics(RULE, parameters, torch.stack(drives).to(device))
    return dynamics, torch.stack(states).flatten(1).to(device), torch.stack(nearby).to(device)
