"""Machines drawn with all parameters different from zero: no term of a formula can be missing unseen."""

import torch
from torch import Tensor

from widthscope.boltzmann.mixture import Machine
from widthscope.streams import torch_generator

PLANE = 2
"""Visible units where densities are integrated on a grid."""

Key = tuple[str | int, ...]


def drawn(key: Key, hidden: int, visible: int, scale: float = 1.0) -> Machine:
    """A machine in float64, from a stream of its own: weights of the given scale, biases of scale 1."""
    generator = torch_generator(*key)
    weights = scale * torch.randn(hidden, visible, generator=generator, dtype=torch.float64)
    visible_bias = torch.randn(visible, generator=generator, dtype=torch.float64)
    return Machine(weights, visible_bias, torch.randn(hidden, generator=generator, dtype=torch.float64))


def stacked(machines: list[Machine]) -> Machine:
    """One batch of machines of one size."""
    return Machine(*(torch.stack(tensors) for tensors in zip(*machines, strict=True)))


def largest(deviations: Tensor) -> float:
    """The largest |deviation|; NaN if one is."""
    return float(deviations.abs().max())
