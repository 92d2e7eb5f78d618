r"""Lagrangians of hidden units: convex or not, they decide whether an energy must fall.

A hidden unit with the input z has the activation phi(z) = Phi'(z), Phi being its Lagrangian. Where Phi is
convex, that is phi never falls, its part of a network's energy can only go down; GELU falls for
z < -0.7518, and its Lagrangian is not convex there.

    relu    Phi = relu(z)^2 / 2
    gelu    Phi = (z^2 + (z^2 - 1) erf(z / sqrt 2) + z sqrt(2 / pi) exp(-z^2 / 2)) / 4
    tanh    Phi = log cosh z
    linear  Phi = z^2 / 2

Source: theory notes 3.2; GELU in its exact form z P(Z <= z), Z standard normal.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

Pointwise = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class HiddenUnit:
    """An activation with its Lagrangian and its slope; all three act on each entry.

    Attributes:
        activation: phi.
        lagrangian: Phi, with Phi' = phi.
        slope: phi'.
    """

    activation: Pointwise
    lagrangian: Pointwise
    slope: Pointwise


def gelu_lagrangian(z: Tensor) -> Tensor:
    """Phi with Phi' = GELU and Phi(0) = 0; same shape."""
    square = z.square()
    tail = z * math.sqrt(2 / math.pi) * torch.exp(-square / 2)
    return (square + (square - 1) * torch.erf(z * math.sqrt(0.5)) + tail) / 4


def gelu_slope(z: Tensor) -> Tensor:
    """GELU': the normal distribution function plus z times the normal density; same shape."""
    density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
    return (1 + torch.erf(z * math.sqrt(0.5))) / 2 + z * density


def log_cosh(z: Tensor) -> Tensor:
    """Log of cosh z, which does not overflow; same shape."""
    size = z.abs()
    return size + torch.log1p(torch.exp(-2 * size)) - math.log(2)


RELU = HiddenUnit(torch.relu, lambda z: torch.relu(z).square() / 2, lambda z: (z > 0).to(z.dtype))
GELU = HiddenUnit(functional.gelu, gelu_lagrangian, gelu_slope)
TANH = HiddenUnit(torch.tanh, log_cosh, lambda z: 1 - torch.tanh(z).square())
LINEAR = HiddenUnit(lambda z: z, lambda z: z.square() / 2, torch.ones_like)

UNITS = {"relu": RELU, "gelu": GELU, "tanh": TANH, "linear": LINEAR}
"""By the names that settings use."""

CONVEX = ("relu", "tanh", "linear")
"""Names of the units whose Lagrangian is convex."""
