"""Labelled images as parts that training, choosing and testing keep apart, standardised by the first part."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.errors import DataError


@dataclass(frozen=True)
class Images:
    """Images and their labels.

    Attributes:
        pixels: (example, ...), float32.
        labels: (example,), int64.
    """

    pixels: Tensor
    labels: Tensor


def split(
    images: Tensor, labels: Tensor, sizes: Sequence[int], generator: torch.Generator, noise: float = 0.0
) -> list[Images]:
    """Disjoint parts in an order drawn at random, standardised by mean and deviation of the first part.

    Args:
        images: (sample, ...), of any real type.
        labels: (sample,).
        sizes: examples of each part; the first is trained on.
        generator: on the CPU; draws the order, then the noise.
        noise: deviation of Gaussian noise added to standardised pixels.

    Raises:
        DataError: if the parts need more images than there are, or the first part is constant.
    """
    if sum(sizes) > len(images):
        raise DataError(f"parts of {list(sizes)} images need {sum(sizes)}, and there are {len(images)}")
    order = torch.randperm(len(images), generator=generator)[: sum(sizes)]
    pixels = images[order].double()
    first = pixels[: sizes[0]]
    deviation = first.std(correction=0)
    if float(deviation) <= 0:
        raise DataError(f"the first {sizes[0]} images are constant, so that they cannot be standardised")
    pixels = (pixels - first.mean()) / deviation
    if noise:
        pixels = pixels + noise * torch.randn(pixels.shape, generator=generator, dtype=pixels.dtype)
    parts = torch.arange(len(order)).tensor_split(torch.tensor(sizes).cumsum(0)[:-1])
    return [Images(pixels[part].float(), labels[order[part]].long()) for part in parts]
