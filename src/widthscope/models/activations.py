"""Activations whose value at one place never depends on how long the tensor is.

Torch computes `sigmoid`, `gelu`, `silu`, `softplus`, `elu` and powers by vector instructions, but the last
few places of a tensor by other, scalar code that rounds differently. Which member stands at the end would
then show in its last bits. These are composed of functions without that property.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + torch.exp(-x))


def silu(x: Tensor) -> Tensor:
    """x sigmoid(x)."""
    return x * sigmoid(x)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x))."""
    size = x.abs()
    return (x + size) / 2 + torch.log1p(torch.exp(-size))


def gelu(x: Tensor) -> Tensor:
    """x Phi(x), Phi the standard normal distribution function."""
    return x * (0.5 + 0.5 * torch.erf(x * math.sqrt(0.5)))


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": sigmoid,
    "silu": silu,
    "softplus": softplus,
    "gelu": gelu,
}
