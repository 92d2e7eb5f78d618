"""A random gain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import Draws, Operation, in_type_of, require_number


@dataclass(frozen=True)
class Contrast(Operation):
    """x times a gain uniform in [lowest, highest], one per channel of a map, one for all flat features."""

    draws_depend_on_shape: ClassVar[bool] = True
    lowest: float = 0.5
    highest: float = 1.5

    def __post_init__(self) -> None:
        require_number("lowest gain of a contrast", self.lowest, 0)
        require_number("highest gain of a contrast", self.highest, self.lowest)

    def draw(self, generator: torch.Generator, size: Sequence[int], shape: Sequence[int]) -> Draws:
        """`gain`: uniform numbers, one for each channel or one for all flat features."""
        channels = shape[0] if len(shape) == 3 else 1
        return {"gain": torch.rand((*size, channels), generator=generator)}

    def apply(self, x: Tensor, draws: Draws) -> Tensor:
        """x times its gains; maps or flat features."""
        gain = self.lowest + (self.highest - self.lowest) * in_type_of(draws["gain"], x)
        return x * gain.reshape(*gain.shape, *[1] * (x.ndim - 3))
