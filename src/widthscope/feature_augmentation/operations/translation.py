"""Integer shifts."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import (
    Draws,
    Operation,
    map_sides,
    require_number,
    uniform_integer,
)


@dataclass(frozen=True)
class Translation(Operation):
    """Shift by whole cells, uniform in [-r, r] for each axis, zeros moving in.

    r is the side over `denominator`, rounded down, but at least `at_least`. With at_least = 0 maps of side
    below the denominator stay as they are, as in the paper's code (theory notes, 2 and 6).
    """

    denominator: int = 5
    at_least: int = 0

    def __post_init__(self) -> None:
        require_number("denominator of a translation", self.denominator, 1, whole=True)
        require_number("at_least of a translation", self.at_least, 0, whole=True)

    def reach(self, side: int) -> int:
        """The largest shift r along an axis of that many cells."""
        return max(side // self.denominator, self.at_least)

    def draw(self, generator: torch.Generator, size: Sequence[int], shape: Sequence[int]) -> Draws:
        """`shift`: two uniform numbers for each example."""
        return {"shift": torch.rand((*size, 2), generator=generator)}

    def apply(self, x: Tensor, draws: Draws) -> Tensor:
        """Maps x shifted."""
        sides = map_sides(x, "a translation")
        for axis, side, uniform in zip((3, 4), sides, draws["shift"].unbind(-1), strict=True):
            reach = self.reach(side)
            if reach == 0:
                continue
            shift = uniform_integer(uniform, 2 * reach + 1) - reach
            source = torch.arange(side, device=x.device) - shift[..., None]
            inside = (source >= 0) & (source < side)
            along = [*source.shape[:2], 1, 1, 1]
            along[axis] = side
            index = source.clamp(0, side - 1).reshape(along).expand_as(x)
            x = torch.where(inside.reshape(along), x.gather(axis, index), 0.0)
        return x
