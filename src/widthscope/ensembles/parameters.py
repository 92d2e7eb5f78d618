"""Parameters of all members: one tensor (member, ...) for each name, drawn for each member alone."""

from collections.abc import Sequence

import torch
from torch import Tensor

Parameters = dict[str, Tensor]


def stacked(
    drawn: Sequence[Parameters], device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Parameters:
    """Each member's own parameters, drawn on the CPU, as one tensor (member, ...) per name on the device.

    Draw in float64: then runs in float32 and float64 start from the same weights.

    Args:
        drawn: for each member its parameters by name, without a member dimension; equal names and shapes.
        device: where they are trained.
        dtype: in which dtype they are trained.
    """
    return {
        name: torch.stack([member[name] for member in drawn]).to(device=device, dtype=dtype)
        for name in drawn[0]
    }


def member_of(parameters: Parameters, place: int) -> Parameters:
    """One member's parameters, without the member dimension: views."""
    return {name: values[place] for name, values in parameters.items()}


def column(values: Tensor, like: Tensor) -> Tensor:
    """A tensor (member,) shaped (member, 1, ..., 1) to be broadcast against `like` (member, ...)."""
    return values.reshape(-1, *[1] * (like.ndim - 1))
