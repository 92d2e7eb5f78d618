"""Runge-Kutta-Chebyshev: explicit steps for stiff decay, with a step size of each trajectory's own.

A step of s stages is stable for decay rates up to about 0.65 s² over its length, where s steps of a usual
explicit method reach 2 s. Of second order; the coefficients and the estimate of a step's error are those of
Sommeijer, Shampine and Verwer's RKC.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
Rates = Callable[[Array], Array]

DAMPING = 2 / 13
"""Keeps the polynomial of stability strictly inside the unit interval."""

SAFETY, SLOWEST, FASTEST = 0.8, 0.2, 3.0
"""Share of the step that the error would allow, and bounds of its change from one step to the next."""


@dataclass(frozen=True)
class Coefficients:
    """Of the stages j = 2..s: Y_j = (1 - μ - ν) Y_0 + μ Y_{j-1} + ν Y_{j-2} + h (μ̃ F_{j-1} + γ̃ F_0)."""

    first: float
    stages: tuple[tuple[float, float, float, float], ...]
    reach: float


@cache
def coefficients(stages: int) -> Coefficients:
    """Coefficients of so many stages, at least 2, and the largest stable product of rate and step."""
    if stages < 2:
        raise ValueError(f"a Runge-Kutta-Chebyshev step has at least 2 stages, not {stages}")
    start = 1 + DAMPING / stages**2
    value, slope, bend = ([0.0] * (stages + 1) for _ in range(3))
    value[0], value[1], slope[1] = 1.0, start, 1.0
    for j in range(2, stages + 1):  # Chebyshev polynomials and their derivatives
        value[j] = 2 * start * value[j - 1] - value[j - 2]
        slope[j] = 2 * value[j - 1] + 2 * start * slope[j - 1] - slope[j - 2]
        bend[j] = 4 * slope[j - 1] + 2 * start * bend[j - 1] - bend[j - 2]
    ratio = slope[stages] / bend[stages]
    b = [0.0, 0.0, *(bend[j] / slope[j] ** 2 for j in range(2, stages + 1))]
    b[0] = b[1] = b[2]
    a = [1 - factor * polynomial for factor, polynomial in zip(b, value, strict=True)]
    rows = []
    for j in range(2, stages + 1):
        weight = 2 * b[j] * ratio / b[j - 1]
        rows.append((2 * b[j] * start / b[j - 1], -b[j] / b[j - 2], weight, -a[j - 1] * weight))
    reach = 2 / 3 * (stages**2 - 1) * (1 - 2 / 15 * DAMPING)
    return Coefficients(b[1] * ratio, tuple(rows), reach)


def step(rates: Rates, state: Array, rate: Array, length: Array, stages: int) -> Array:
    """State after one step.

    Args:
        rates: time derivative of a state, in its shape.
        state: of any shape.
        rate: `rates(state)`.
        length: h, of a shape that broadcasts with the state's.
        stages: s >= 2.
    """
    table = coefficients(stages)
    before, now = state, state + table.first * length * rate
    for mu, nu, weight, correction in table.stages:
        new = rates(now)
        new *= weight
        new += correction * rate
        new *= length
        new += (1 - mu - nu) * state
        new += mu * now
        new += nu * before
        before, now = now, new
    return now


def error(old: Array, new: Array, rate: Array, new_rate: Array, length: Array) -> Array:
    """Estimate of a step's error, in the state's shape: exact where the solution is a cubic in time."""
    return 0.8 * (old - new) + 0.4 * length * (rate + new_rate)


def next_length(length: Array, size: Array) -> Array:
    """Length of the next step after one whose error had this size, 1 being the largest allowed."""
    wanted = SAFETY * np.maximum(size, 1e-10) ** (-1 / 3)
    return np.asarray(length * np.clip(wanted, SLOWEST, FASTEST))
