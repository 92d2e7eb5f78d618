"""A rectangle of another example, and as much of its label."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import (
    Draws,
    FeatureError,
    Operation,
    box,
    exchanged,
    map_sides,
    partners,
    require_number,
)
from widthscope.feature_augmentation.operations.beta import beta


@dataclass(frozen=True)
class Cutmix(Operation):
    """A rectangle of the partner in each map; labels mix by the cells that were really taken.

    With share ~ Beta(alpha, alpha) for each example the rectangle's sides are sqrt(1 - share) of the map's,
    rounded down, about a centre uniform among the cells; what reaches over the edge is cut off.
    """

    alpha: float = 0.5

    def __post_init__(self) -> None:
        require_number("alpha of cutmix", self.alpha, 0, above=True)

    def rectangle(self, draws: Draws, height: int, width: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """First row, row after the last, first column and column after the last, each (member, batch)."""
        edges: list[Tensor] = []
        scale = (1 - draws["share"]).sqrt()
        for side, centre in zip((height, width), draws["centre"].unbind(-1), strict=True):
            cut = (scale * side).long()
            start = (centre * side).long() - cut // 2
            edges += [start.clamp(0, side), (start + cut).clamp(0, side)]
        return edges[0], edges[1], edges[2], edges[3]

    def draw(self, generator: torch.Generator, size: Sequence[int], shape: Sequence[int]) -> Draws:
        """`share` and `centre` of each example's rectangle, and its `partner`."""
        return {
            "share": beta(torch.rand(tuple(size), generator=generator), self.alpha),
            "centre": torch.rand((*size, 2), generator=generator),
            "partner": partners(generator, size),
        }

    def apply(self, x: Tensor, draws: Draws) -> Tensor:
        """Maps x with a rectangle of their partners'."""
        height, width = map_sides(x, "cutmix")
        taken = box(*self.rectangle(draws, height, width), x)
        return torch.where(taken, exchanged(x, draws["partner"]), x)

    def own_share(self, draws: Draws, shape: Sequence[int]) -> Tensor:
        """The share of cells that are the example's own."""
        if len(shape) != 3:
            raise FeatureError(f"cutmix needs maps of shape (channel, height, width), not {tuple(shape)}")
        height, width = shape[1:]
        top, bottom, left, right = self.rectangle(draws, height, width)
        return 1 - ((bottom - top) * (right - left)) / (height * width)
