"""Whether an energy rose along a run: a step counts where it rises by more than rounding can.

The tolerance is relative to each run's own range of energies: a fixed one would be below rounding for large
energies, and above the signal for small ones (theory notes 3.5).
"""

import torch
from torch import Tensor

TOLERANCE = 1e-9
"""A step that rises by less than this share of the run's range is not counted: rounding in float64 is worth
some 1e-15 of the energy itself."""


def relative_steps(energies: Tensor) -> Tensor:
    """Changes from step to step over the run's range, (steps, ...), of energies (steps + 1, ...).

    A run whose energy does not change at all has changes of 0.
    """
    span = energies.amax(0) - energies.amin(0)
    return energies.diff(dim=0) / torch.where(span > 0, span, torch.ones_like(span))


def largest_rise(energies: Tensor) -> Tensor:
    """Largest relative rise of each run, (...); negative where every step fell."""
    return relative_steps(energies).amax(0)


def rose(energies: Tensor, tolerance: float = TOLERANCE) -> Tensor:
    """Whether any step of a run rose by more than the tolerance, (...); NaN energies count as risen."""
    return ~(largest_rise(energies) <= tolerance)


def share_of_rising_steps(energies: Tensor, tolerance: float = TOLERANCE) -> Tensor:
    """Share of each run's steps that rose by more than the tolerance, (...)."""
    return (relative_steps(energies) > tolerance).to(energies.dtype).mean(0)
