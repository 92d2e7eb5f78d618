"""Loss and attention entropy on text that is not trained on, in windows that do not overlap."""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters

BLOCK_NUMBERS = 2**24
"""Logits of all members that are held at once, about."""


class Measured(Protocol):
    """A model that can say how well it predicts, and how spread its attention is."""

    @property
    def symbols(self) -> int:
        """How many symbols it tells apart."""

    def loss_and_entropy(
        self, parameters: Parameters, tokens: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean loss and mean attention entropy of each member, (member,) each."""


def windows_of(text: np.ndarray, context: int, device: str, most: int | None = None) -> Tensor:
    """Windows of `context` symbols and the one after, (window, context + 1), one after the other.

    Each symbol but the first is predicted once, the last incomplete window left out.

    Args:
        text: (position,) numbers of symbols, more than `context`.
        context: symbols read.
        device: where the windows go.
        most: how many windows, evenly spaced over the text; all where None.
    """
    count = (len(text) - 1) // context
    chosen = np.arange(count)
    if most is not None and most < count:
        chosen = np.arange(most) * count // most
    places = chosen[:, None] * context + np.arange(context + 1)
    return torch.from_numpy(text[places].astype(np.int64)).to(device)


def averages(model: Measured, parameters: Parameters, windows: Tensor) -> dict[str, Tensor]:
    """Mean ``loss`` and ``entropy`` of each member over windows (window, context + 1), float64."""
    members = len(next(iter(parameters.values())))
    size = max(1, BLOCK_NUMBERS // (members * windows.shape[1] * model.symbols))
    sums = {
        name: torch.zeros(members, dtype=torch.float64, device=windows.device) for name in ("loss", "entropy")
    }
    with torch.no_grad():
        for first in range(0, len(windows), size):
            block = windows[first : first + size]
            shared = block.expand(members, *block.shape)
            found = model.loss_and_entropy(parameters, shared[..., :-1], shared[..., 1:])
            for name, values in zip(sums, found, strict=True):
                sums[name] += values.double() * len(block)
    return {name: total / len(windows) for name, total in sums.items()}
