"""Zeros in a part of the features."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import (
    MAPS,
    Draws,
    FeatureShapeError,
    Operation,
    box,
    map_sides,
    require_number,
    uniform_integer,
)


@dataclass(frozen=True)
class Cutout(Operation):
    """Zeros in a square of a map, in all channels, or in a block of flat features.

    The square's side m is the map's height over `denominator`, rounded down; its corner is uniform in
    [-(m // 2), side - m // 2) along each axis, so that it may reach over the edge. Of w flat features a
    contiguous block of w over `denominator` is cut, always whole (theory notes, 2).
    """

    denominator: float = 2.0

    def __post_init__(self) -> None:
        require_number("denominator of a cutout", self.denominator, 1)

    def side(self, extent: int) -> int:
        """Cells cut along an axis of that extent."""
        return int(extent / self.denominator)

    def draw(self, generator: torch.Generator, size: Sequence[int], shape: Sequence[int]) -> Draws:
        """`corner`: two uniform numbers for each example."""
        return {"corner": torch.rand((*size, 2), generator=generator)}

    def apply(self, x: Tensor, draws: Draws) -> Tensor:
        """x with zeros; maps or flat features."""
        corner = draws["corner"]
        if x.ndim == 3:
            width = x.shape[2]
            cut = self.side(width)
            start = uniform_integer(corner[..., 0], width - cut + 1)[..., None]
            unit = torch.arange(width, device=x.device)
            return torch.where((unit >= start) & (unit < start + cut), 0.0, x)
        if x.ndim != 5:
            raise FeatureShapeError("a cutout", [MAPS, "batch, width"], x.shape)
        height, width = map_sides(x, "a cutout")
        cut = self.side(height)
        top = uniform_integer(corner[..., 0], height) - cut // 2
        left = uniform_integer(corner[..., 1], width) - cut // 2
        return torch.where(box(top, top + cut, left, left + cut, x), 0.0, x)
