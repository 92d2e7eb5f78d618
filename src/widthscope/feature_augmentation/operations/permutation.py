"""Features of other examples under one's own label: an operation that must do harm."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import Draws, Operation, exchanged, partners


@dataclass(frozen=True)
class Permutation(Operation):
    """All features permuted across the batch, labels kept: labels are destroyed (theory notes, 4.2)."""

    def draw(self, generator: torch.Generator, size: Sequence[int], shape: Sequence[int]) -> Draws:
        """`permutation`: whose features each example gets."""
        return {"permutation": partners(generator, size)}

    def apply(self, x: Tensor, draws: Draws) -> Tensor:
        """x of other examples; any shape of features."""
        return exchanged(x, draws["permutation"])
