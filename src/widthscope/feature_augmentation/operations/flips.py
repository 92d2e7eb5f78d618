"""Mirror images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import (
    Draws,
    FeatureError,
    Operation,
    map_sides,
    require_number,
)

Axis = Literal["horizontal", "vertical"]
"""Along which a map is mirrored: its width or its height."""


@dataclass(frozen=True)
class Flip(Operation):
    """Each example's map mirrored with the given probability, along its width or along its height.

    Before global average pooling this changes nothing that is seen later (theory notes, 4.2).
    """

    axis: Axis = "horizontal"
    probability: float = 0.5

    def __post_init__(self) -> None:
        if self.axis not in get_args(Axis):
            raise FeatureError(f"axis of a flip must be 'horizontal' or 'vertical', not {self.axis!r}")
        require_number("probability of a flip", self.probability, 0, 1)

    def draw(self, generator: torch.Generator, size: Sequence[int], shape: Sequence[int]) -> Draws:
        """`flipped`: a uniform number for each example."""
        return {"flipped": torch.rand(tuple(size), generator=generator)}

    def apply(self, x: Tensor, draws: Draws) -> Tensor:
        """Maps x, some of them mirrored."""
        map_sides(x, f"a {self.axis} flip")
        mirrored = x.flip(-1 if self.axis == "horizontal" else -2)
        flipped = draws["flipped"] < self.probability
        return torch.where(flipped[:, :, None, None, None], mirrored, x)
