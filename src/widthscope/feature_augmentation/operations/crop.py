"""A random part of a map, enlarged to the whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import (
    Draws,
    Operation,
    map_sides,
    require_floats,
    require_number,
    uniform_integer,
)


@dataclass(frozen=True)
class Crop(Operation):
    """A window of `share` of each side, uniformly placed, resized back to the side bilinearly.

    Cells are squares whose centres lie at half-integers, and nothing outside the window is seen: what
    `torch.nn.functional.interpolate` gives of the window with ``align_corners=False``.
    """

    share: float = 0.8

    def __post_init__(self) -> None:
        require_number("share of a crop", self.share, 0, 1, above=True)

    def window(self, side: int) -> int:
        """Cells of the window along an axis of that many cells."""
        # 0.8 times 5 is 4, whatever its last bit.
        return max(int(side * self.share + 1e-9), 1)

    def draw(self, generator: torch.Generator, size: Sequence[int], shape: Sequence[int]) -> Draws:
        """`corner`: two uniform numbers for each example."""
        return {"corner": torch.rand((*size, 2), generator=generator)}

    def apply(self, x: Tensor, draws: Draws) -> Tensor:
        """Windows of maps x, enlarged; floats."""
        require_floats(x)
        sides = map_sides(x, "a crop")
        exact = torch.promote_types(x.dtype, torch.float32)  # half precision cannot count cells
        for axis, side, uniform in zip((3, 4), sides, draws["corner"].unbind(-1), strict=True):
            window = self.window(side)
            corner = uniform_integer(uniform, side - window + 1)
            place = (torch.arange(side, device=x.device, dtype=exact) + 0.5) * (window / side) - 0.5
            place = place.clamp(min=0)
            before = place.long()
            after = (before + 1).clamp(max=window - 1)
            along = [1, 1, 1, 1, 1]
            along[axis] = side
            weight = (place - before).reshape(along)
            first, second = (_cells(x, axis, corner[..., None] + cells) for cells in (before, after))
            x = ((1 - weight) * first + weight * second).to(x.dtype)
        return x


def _cells(x: Tensor, axis: int, cells: Tensor) -> Tensor:
    """x with its cells along an axis replaced by those of the given places, (member, batch, side)."""
    along = [*cells.shape[:2], 1, 1, 1]
    along[axis] = cells.shape[2]
    return x.gather(axis, cells.reshape(along).expand_as(x))
