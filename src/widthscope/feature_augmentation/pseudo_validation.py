"""Batches that stand for held-out data: training images, turned a little, new ones at every epoch.

arXiv:2408.13426 takes them for the loss whose gradient moves the ratios (theory notes 3.2). Pixels outside an
image are those at its edge: standardised images have no colour that means nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import FeatureError
from widthscope.streams import Name, torch_generator

DEGREES = 10.0
"""Largest angle, in degrees, either way (theory notes 3.2)."""


def rotated(images: Tensor, angle: Tensor) -> Tensor:
    """Images turned about their middle, anticlockwise, with bilinear interpolation.

    Args:
        images: (..., C, H, W), floats, with rows counted downwards.
        angle: in radians, (...).

    Raises:
        FeatureError: if images are integers, whose means would be cut to whole numbers.
    """
    if not images.is_floating_point():
        raise FeatureError(f"images that are turned must be floats, not {images.dtype}")
    height, width = images.shape[-2:]
    exact = torch.promote_types(images.dtype, torch.float32)  # half precision cannot count cells
    row = torch.arange(height, device=images.device, dtype=exact)[:, None] - (height - 1) / 2
    col = torch.arange(width, device=images.device, dtype=exact) - (width - 1) / 2
    cos, sin = (value.to(exact)[..., None, None] for value in (angle.cos(), angle.sin()))
    from_row = (row * cos + col * sin + (height - 1) / 2).clamp(0, height - 1)
    from_col = (col * cos - row * sin + (width - 1) / 2).clamp(0, width - 1)
    top, left = from_row.floor(), from_col.floor()
    down, right = from_row - top, from_col - left
    flat = images.flatten(-2)

    def at(rows: Tensor, cols: Tensor) -> Tensor:
        place = (rows.clamp(max=height - 1) * width + cols.clamp(max=width - 1)).long()
        index = place.flatten(-2).unsqueeze(-2).expand_as(flat)
        return flat.gather(-1, index).reshape(images.shape)

    down, right = down.unsqueeze(-3), right.unsqueeze(-3)
    upper = (1 - right) * at(top, left) + right * at(top, left + 1)
    lower = (1 - right) * at(top + 1, left) + right * at(top + 1, left + 1)
    return ((1 - down) * upper + down * lower).to(images.dtype)


@dataclass
class PseudoValidation:
    """The batch of a step: the same for a whole epoch, a function of the step alone.

    Attributes:
        images: (set, example, C, H, W), on the device.
        labels: (set, example).
        keys: each set's random stream, which the epoch's number is added to.
        sets: each member's set, (member,).
        shuffled: (member,) bool, members whose labels are put in an order drawn at random: a control.
        size: V, examples of a batch, drawn without replacement.
        epoch: steps that share one batch.
        degrees: angles are uniform within this, either way.
    """

    images: Tensor
    labels: Tensor
    keys: Sequence[tuple[Name, ...]]
    sets: Tensor
    shuffled: Tensor
    size: int
    epoch: int
    degrees: float = DEGREES
    _kept: tuple[int, dict[str, Tensor]] | None = field(default=None, init=False, repr=False)

    def __call__(self, step: int) -> dict[str, Tensor]:
        """``validation_x`` (member, V, C, H, W) and ``validation_labels`` (member, V)."""
        number = step // self.epoch
        if self._kept is None or self._kept[0] != number:
            self._kept = (number, self._drawn(number))
        return self._kept[1]

    def _drawn(self, number: int) -> dict[str, Tensor]:
        device = self.images.device
        drawn = [self._of_set(torch_generator(*key, number)) for key in self.keys]
        chosen, order, angle = (torch.stack(parts).to(device) for parts in zip(*drawn, strict=True))
        rows = torch.arange(len(self.images), device=device)[:, None]
        labels = self.labels[rows, chosen]
        turned = rotated(self.images[rows, chosen], angle)[self.sets]
        own = torch.where(self.shuffled[:, None], labels.gather(1, order)[self.sets], labels[self.sets])
        return {"validation_x": turned, "validation_labels": own}

    def _of_set(self, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Examples, an order of theirs, and angles in radians, (V,) each."""
        chosen = torch.randperm(self.images.shape[1], generator=generator)[: self.size]
        order = torch.randperm(self.size, generator=generator)
        uniform = torch.rand(self.size, generator=generator, dtype=torch.float64)
        return chosen, order, (2 * uniform - 1) * math.radians(self.degrees)
