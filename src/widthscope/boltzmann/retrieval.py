"""Retrieval: the attention update, which never raises the energy.

    v <- b + W^T softmax(W v + c)

is the concave-convex procedure on E (theory notes 3.8): |v - b|^2/2 is convex, -logsumexp is concave, and
the minimum of the first plus the tangent of the second is this read-out. What is recalled is a fixed point.
"""

import torch
from torch import Tensor

from widthscope.boltzmann.mixture import Machine, energy, hidden_inputs


def read_out(machine: Machine, visible: Tensor) -> Tensor:
    """b + W^T softmax(W v + c) of visible vectors (..., P, N): (..., P, N)."""
    attention = torch.softmax(hidden_inputs(machine, visible), dim=-1)
    return machine.visible_bias.unsqueeze(-2) + attention @ machine.weights


def trajectory(machine: Machine, visible: Tensor, steps: int, length: float = 1.0) -> Tensor:
    """The states v + length (read_out(v) - v) step after step, the first included: (steps + 1, ..., P, N).

    Args:
        machine: (...) machines.
        visible: starts (..., P, N), which carry the machines' leading dimensions.
        steps: number of updates.
        length: 1 is the attention update; from 2 on the energy rises where it is curved like |v|^2/2.
    """
    states = [visible]
    for _ in range(steps):
        states.append(states[-1] + length * (read_out(machine, states[-1]) - states[-1]))
    return torch.stack(states)


def energies(machine: Machine, states: Tensor) -> Tensor:
    """Energies along a trajectory (steps + 1, ..., P, N): (steps + 1, ..., P)."""
    return energy(machine, states)


def largest_rise(found: Tensor) -> Tensor:
    """Largest rise of the energy from one step to the next over its size, per start: (..., P).

    Args:
        found: energies (steps + 1, ..., P); the size is the largest |E| of the trajectory.
    """
    rises = (found[1:] - found[:-1]).amax(0)
    return rises / found.abs().amax(0)
