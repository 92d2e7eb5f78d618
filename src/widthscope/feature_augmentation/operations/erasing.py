"""Zeros in a rectangle of random area and aspect."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import Draws, Operation, box, map_sides, require_number


@dataclass(frozen=True)
class Erasing(Operation):
    """With the given probability, zeros in a rectangle that lies within the map.

    Its share of the area is uniform, the logarithm of its height over its width too; sides are rounded to
    whole cells, between one and the map's. (The paper's code returns the map as it was, so that its rows
    named so show no augmentation; theory notes, 6.)
    """

    probability: float = 0.5
    smallest: float = 0.02
    largest: float = 1 / 3
    steepest: float = 10 / 3

    def __post_init__(self) -> None:
        require_number("probability of erasing", self.probability, 0, 1)
        require_number("smallest share of erasing", self.smallest, 0, 1)
        require_number("largest share of erasing", self.largest, self.smallest, 1)
        require_number("steepest aspect of erasing", self.steepest, 1)

    def rectangle(self, draws: Draws, height: int, width: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """First row, row after the last, first column and column after the last, each (member, batch)."""
        area, aspect, row, column, chosen = draws["rectangle"].unbind(-1)
        cells = (self.smallest + (self.largest - self.smallest) * area) * (height * width)
        ratio = torch.exp(math.log(self.steepest) * (2 * aspect - 1))
        tall = (cells * ratio).sqrt().round().long().clamp(1, height)
        wide = (cells / ratio).sqrt().round().long().clamp(1, width)
        top = (row * (height - tall + 1)).long()
        left = (column * (width - wide + 1)).long()
        tall = torch.where(chosen < self.probability, tall, 0)
        return top, top + tall, left, left + wide

    def draw(self, generator: torch.Generator, size: Sequence[int], shape: Sequence[int]) -> Draws:
        """`rectangle`: five uniform numbers for each example."""
        return {"rectangle": torch.rand((*size, 5), generator=generator)}

    def apply(self, x: Tensor, draws: Draws) -> Tensor:
        """Maps x with zeros."""
        height, width = map_sides(x, "erasing")
        return torch.where(box(*self.rectangle(draws, height, width), x), 0.0, x)
