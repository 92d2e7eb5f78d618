"""Activations of mixing branches, whose hidden arrays are the largest of the network: fast forms.

Torch's own `gelu` computes the last places of an array by other code than the rest, so that a member's value
could depend on who is trained beside it (`ensembles.independence`). Where each member holds a whole number of
its vectors there is no such rest.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from widthscope.models import activations

VECTORS = 64
"""Numbers that its inner loop takes at once, or a multiple: four vectors of 16."""


def gelu(x: Tensor) -> Tensor:
    """x times the standard normal distribution function of x, for x (member, ...)."""
    if x.is_contiguous() and len(x) and x[0].numel() % VECTORS == 0:
        return torch.nn.functional.gelu(x)
    return activations.gelu(x)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": gelu, "relu": torch.relu}
