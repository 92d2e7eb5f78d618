"""Means of two examples, and of their labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import (
    Draws,
    Operation,
    exchanged,
    partners,
    per_example,
    require_number,
)
from widthscope.feature_augmentation.operations.beta import beta


@dataclass(frozen=True)
class Mixup(Operation):
    """share x + (1 - share) x of the partner, and the labels alike.

    Shares are Beta(alpha, alpha), one for each example; partners are a permutation of the batch (theory
    notes, 2).
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        require_number("alpha of mixup", self.alpha, 0, above=True)

    def draw(self, generator: torch.Generator, size: Sequence[int], shape: Sequence[int]) -> Draws:
        """Each example's own `share`, and its `partner`."""
        share = beta(torch.rand(tuple(size), generator=generator), self.alpha)
        return {"share": share, "partner": partners(generator, size)}

    def apply(self, x: Tensor, draws: Draws) -> Tensor:
        """Means of x and its partners; any shape of features."""
        share = per_example(draws["share"], x)
        return share * x + (1 - share) * exchanged(x, draws["partner"])

    def own_share(self, draws: Draws, shape: Sequence[int]) -> Tensor:
        """The share that was drawn."""
        return draws["share"]
