"""Nothing at all: the null of every claim on ratios."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import Draws, Operation


@dataclass(frozen=True)
class Identity(Operation):
    """x as it is; needs no random numbers."""

    def draw(self, generator: torch.Generator, size: Sequence[int], shape: Sequence[int]) -> Draws:
        """Nothing."""
        return {}

    def apply(self, x: Tensor, draws: Draws) -> Tensor:
        """x itself."""
        return x
