"""Whether an energy rose along a run: a step counts where it rises by more than rounding can.

The tolerance is relative to each run's own range of energies: a fixed one would be below rounding for large
energies, and above the signal for small ones (theory notes 3.5). Where a run's energy hardly changes at all,
rounding of the energy itself exceeds that tolerance; changes within it count as none.
"""

import torch
from torch import Tensor

TOLERANCE = 1e-9
"""A step that rises by less than this share of the run's range is not counted: rounding in float64 is worth
some 1e-15 of the energy itself."""

ROUNDINGS = 64
"""A change of fewer roundings of the run's largest energy than this is none. Summing the parts of an energy
errs by the root of their number, some hundreds or thousands."""


def relative_steps(energies: Tensor) -> Tensor:
    """Changes from step to step over the run's range, (steps, ...), of energies (steps + 1, ...).

    Changes within rounding of the run's largest energy are 0, and so are those of a run without a range.
    """
    span = energies.amax(0) - energies.amin(0)
    changes = energies.diff(dim=0)
    rounding = ROUNDINGS * torch.finfo(energies.dtype).eps * energies.abs().amax(0)
    changes = torch.where(changes.abs() <= rounding, torch.zeros_like(changes), changes)
    return changes / torch.where(span > 0, span, torch.ones_like(span))


def largest_rise(energies: Tensor) -> Tensor:
    """Largest relative rise of each run, (...); negative where every step fell."""
    return relative_steps(energies).amax(0)


def rose(energies: Tensor, tolerance: float = TOLERANCE) -> Tensor:
    """Whether any step of a run rose by more than the tolerance, (...); NaN energies count as risen."""
    return ~(largest_rise(energies) <= tolerance)


def share_of_rising_steps(energies: Tensor, tolerance: float = TOLERANCE) -> Tensor:
    """Share of each run's steps that rose by more than the tolerance, (...)."""
    return (relative_steps(energies) > tolerance).to(energies.dtype).mean(0)
