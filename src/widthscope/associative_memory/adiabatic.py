r"""The visible dynamics with fast hidden layers: continuous, by Runge-Kutta, and in steps of any size.

    continuous  dx/dt = U(LN x) - kappa x
    residual    x <- x + eta U(LN x)              a block of a mixer, applied again and again
    decayed     x <- (1 - e) x + e U(LN x)

With y_n = x_n / (1 - e)^n the decayed step is the residual one on a state and a branch that are rescaled by
positive numbers, y <- y + e (1 - e)^{-(n+1)} U(LN y), and LN(y_n) = LN(x_n): this is where a skip connection
comes from.

For a convex Phi, symmetric couplings and eps = 0 the energy does not rise at any step size: -sum Phi is
concave in g with the gradient -u, so that E(g') - E(g) <= -u.(g' - g); and LN(x) maximises x.g over states of
mean 0 and |g|^2 = N, so that (x + eta u).(g' - g) >= 0 >= x.(g' - g), whence u.(g' - g) >= 0. The continuous
energy falls for any Phi, since dE/dt = -u^T Hess L u.

Source: theory notes 3.3 and 3.4.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from widthscope.associative_memory import layer_norm
from widthscope.associative_memory.memory import Memory


class Trajectory(NamedTuple):
    """What a run of the dynamics leaves.

    Attributes:
        energy: of the forward matrices before each step and after the last, (steps + 1, ...).
        deviation: root of the state's variance at the same times, (steps + 1, ...).
        last: state after the last step, (..., S, C).
    """

    energy: Tensor
    deviation: Tensor
    last: Tensor


def runge_kutta(
    memory: Memory, x: Tensor, step: float, steps: int, decay: Tensor | float = 0.0
) -> Trajectory:
    """The continuous dynamics by Runge-Kutta of order 4.

    Args:
        memory: couplings.
        x: initial states (..., S, C).
        step: length h of a step in time.
        steps: number of steps.
        decay: kappa, a number or one that broadcasts against `x`.
    """
    energies, deviations = [], []
    for _ in range(steps):
        drive, energy = memory.drive_and_energy(x)
        energies.append(energy)
        deviations.append(layer_norm.deviation(x))
        first = drive - decay * x
        second = _velocity(memory, x + step / 2 * first, decay)
        third = _velocity(memory, x + step / 2 * second, decay)
        fourth = _velocity(memory, x + step * third, decay)
        x = x + step / 6 * (first + 2 * second + 2 * third + fourth)
    return _trajectory(memory, x, energies, deviations)


def residual(memory: Memory, x: Tensor, step: Tensor | float, steps: int) -> Trajectory:
    """Repeated steps x <- x + eta U(LN x); the step eta is a number, or broadcasts against `x`."""
    energies, deviations = [], []
    for _ in range(steps):
        drive, energy = memory.drive_and_energy(x)
        energies.append(energy)
        deviations.append(layer_norm.deviation(x))
        x = x + step * drive
    return _trajectory(memory, x, energies, deviations)


def decayed_and_residual(
    memory: Memory, x: Tensor, step: float, steps: int, rescaled: bool = True
) -> tuple[Tensor, Tensor]:
    """Normalised states of the decayed steps, and of the residual ones from the same start.

    Args:
        memory: couplings.
        x: initial states (..., S, C).
        step: e in (0, 1).
        steps: number of steps.
        rescaled: whether the residual branch grows as (1 - e)^{-(n+1)}; without, the equivalence is lost.

    Returns:
        LN(x_n) and LN(y_n), each (steps + 1, ..., S, C).

    Raises:
        ValueError: if e is not between 0 and 1.
    """
    if not 0 < step < 1:
        raise ValueError(f"a decayed step must be between 0 and 1, not {step}")
    y = x
    decayed, kept = [memory.visible(x)], [memory.visible(y)]
    for n in range(steps):
        x = (1 - step) * x + step * memory.update(x)
        y = y + step * ((1 - step) ** -(n + 1) if rescaled else 1.0) * memory.update(y)
        decayed.append(memory.visible(x))
        kept.append(memory.visible(y))
    return torch.stack(decayed), torch.stack(kept)


def _trajectory(memory: Memory, x: Tensor, energies: list[Tensor], deviations: list[Tensor]) -> Trajectory:
    return Trajectory(
        torch.stack([*energies, memory.energy(x)]),
        torch.stack([*deviations, layer_norm.deviation(x)]),
        x,
    )


def _velocity(memory: Memory, x: Tensor, decay: Tensor | float) -> Tensor:
    return memory.update(x) - decay * x
