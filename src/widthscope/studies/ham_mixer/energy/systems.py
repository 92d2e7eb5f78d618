"""Random memories: Gaussian couplings and states, drawn once and shared by the cases that are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from widthscope.associative_memory.lagrangians import UNITS
from widthscope.associative_memory.memory import Memory
from widthscope.streams import torch_generator

STATE_SCALE = 2.0
"""Deviation of the initial states' entries."""


@dataclass(frozen=True)
class Systems:
    """Couplings of R systems, those of the way back independent of the others, and their initial states.

    Attributes:
        token, channel, token_back, channel_back: as of `associative_memory.memory.Memory`.
        state: x, (R, S, C).
    """

    token: Tensor
    channel: Tensor
    token_back: Tensor
    channel_back: Tensor
    state: Tensor

    def memory(self, unit: str, couplings: str, scale: float = 1.0) -> Memory:
        """The memories with units of this name and couplings "symmetric" or "asymmetric", times `scale`."""
        forward = scale * self.token, scale * self.channel
        if couplings == "symmetric":
            back = forward[0].mT, forward[1].mT
        else:
            back = scale * self.token_back, scale * self.channel_back
        return Memory(*forward, *back, UNITS[unit])

    def to(self, device: str) -> "Systems":
        """The same on another device."""
        return Systems(*(getattr(self, field.name).to(device) for field in fields(self)))


def drawn(
    sizes: Mapping[str, int],
    systems: int,
    purpose: str,
    seed: int,
    unit_variance: bool = False,
    state_scale: float = STATE_SCALE,
) -> Systems:
    """Systems of float64: W and W2 of variance 1/S, V and V2 of variance 1/C.

    Args:
        sizes: `tokens`, `channels`, `token_hidden`, `channel_hidden`.
        systems: how many.
        purpose: of the stream.
        seed: of the run.
        unit_variance: whether the entries of all couplings have variance 1 instead.
        state_scale: deviation of the initial states' entries.
    """
    generator = torch_generator("ham_mixer", f"energy.{purpose}", seed)
    tokens, channels = sizes["tokens"], sizes["channels"]

    def normal(rows: int, columns: int, scale: float) -> Tensor:
        return scale * torch.randn(systems, rows, columns, generator=generator, dtype=torch.float64)

    by_token, by_channel = (1.0, 1.0) if unit_variance else (tokens**-0.5, channels**-0.5)
    return Systems(
        normal(sizes["token_hidden"], tokens, by_token),
        normal(sizes["channel_hidden"], channels, by_channel),
        normal(tokens, sizes["token_hidden"], by_token),
        normal(channels, sizes["channel_hidden"], by_channel),
        normal(tokens, channels, state_scale),
    )


def table(found: Mapping[tuple[Any, ...], Tensor]) -> Any:
    """Tensors by their place in a grid as one array, whose leading axes are the grid's."""
    axes = [list(dict.fromkeys(key[place] for key in found)) for place in range(len(next(iter(found))))]
    first = next(iter(found.values()))
    stacked = torch.stack(list(found.values())).cpu()
    return stacked.reshape(*(len(axis) for axis in axes), *first.shape).numpy()
