r"""The whole network with hidden layers of a time constant of their own.

    dx/dt     = W2 phi(s) + phi(c) V2^T - x
    tau ds/dt = W g - s,   tau dc/dt = g V^T - c,   g = LN(x)
    E = [x.g - L(x)] + [s.phi(s) - sum Phi(s)] + [c.phi(c) - sum Phi(c)] - <phi(s), W g> - <phi(c), g V^T>

For symmetric couplings and eps = 0

    dE/dt = - v^T Hess L v - (1/tau) sum phi'(s) (W g - s)^2 - (1/tau) sum phi'(c) (g V^T - c)^2,  v = dx/dt,

whose hidden terms have the sign of -phi': where an activation falls, as GELU does below -0.7518, the energy
can rise. At s = W g, c = g V^T it is the energy of fast hidden layers.

Source: theory notes 3.6.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from widthscope.associative_memory import layer_norm
from widthscope.associative_memory.memory import Memory


class Layers(NamedTuple):
    """States of the three layers: x (..., S, C), s (..., Hs, C), c (..., S, Hc)."""

    visible: Tensor
    token: Tensor
    channel: Tensor

    def moved(self, by: "Layers", length: float) -> "Layers":
        """These states plus `length` times others."""
        return Layers(*(state + length * change for state, change in zip(self, by, strict=True)))


def velocity(memory: Memory, layers: Layers, tau: float) -> Layers:
    """Time derivatives of the three layers; `tau` is that of the hidden ones, in units of the visible's."""
    tokens, channels = memory.inputs(memory.visible(layers.visible))
    phi = memory.unit.activation
    return Layers(
        memory.feedback(phi(layers.token), phi(layers.channel)) - layers.visible,
        (tokens - layers.token) / tau,
        (channels - layers.channel) / tau,
    )


def energy(memory: Memory, layers: Layers) -> Tensor:
    """E of the three layers, built from the forward matrices, (...)."""
    found = layer_norm.legendre(layers.visible, memory.eps)
    inputs = memory.inputs(memory.visible(layers.visible))
    for state, received in zip((layers.token, layers.channel), inputs, strict=True):
        own = (state - received) * memory.unit.activation(state) - memory.unit.lagrangian(state)
        found = found + own.sum((-2, -1))
    return found


def energy_rate(memory: Memory, layers: Layers, tau: float) -> Tensor:
    """dE/dt by the formula above, (...), for symmetric couplings and eps = 0."""
    moves = velocity(memory, layers, tau)
    found = -layer_norm.curvature(layers.visible, moves.visible)
    for state, change in ((layers.token, moves.token), (layers.channel, moves.channel)):
        found = found - tau * (memory.unit.slope(state) * change.square()).sum((-2, -1))
    return found


def runge_kutta(memory: Memory, layers: Layers, tau: float, step: float, steps: int) -> tuple[Tensor, Layers]:
    """Energies (steps + 1, ...) along the dynamics, and where it ends, by Runge-Kutta of order 4.

    Args:
        memory: couplings.
        layers: initial states.
        tau: time constant of the hidden layers.
        step: length of a step in time.
        steps: number of steps.
    """
    energies = []
    for _ in range(steps):
        energies.append(energy(memory, layers))
        first = velocity(memory, layers, tau)
        second = velocity(memory, layers.moved(first, step / 2), tau)
        third = velocity(memory, layers.moved(second, step / 2), tau)
        fourth = velocity(memory, layers.moved(third, step), tau)
        for change, length in ((first, 1), (second, 2), (third, 2), (fourth, 1)):
            layers = layers.moved(change, step * length / 6)
    return torch.stack([*energies, energy(memory, layers)]), layers
