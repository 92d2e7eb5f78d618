"""Labelled images as parts that training, choosing and testing keep apart, standardised by the first part."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import xarray as xr
from torch import Tensor

from widthscope.errors import DataError

ROWS = 4096
"""Images that are in float64 at once; another number would draw other noise."""


@dataclass(frozen=True)
class Images:
    """Images and their labels.

    Attributes:
        pixels: (example, ...), float32 unless another type was asked for.
        labels: (example,), int64.
    """

    pixels: Tensor
    labels: Tensor


def split(
    images: Tensor,
    labels: Tensor,
    sizes: Sequence[int],
    generator: torch.Generator,
    noise: float = 0.0,
    held_out: Tensor | None = None,
    per_pixel: bool = False,
    dtype: torch.dtype = torch.float32,
) -> list[Images]:
    """Disjoint parts in an order drawn at random, standardised by mean and deviation of the first part.

    Args:
        images: (sample, ...), of any real type.
        labels: (sample,).
        sizes: examples of each part; the first is trained on.
        generator: on the CPU; draws the order, then the noise.
        noise: deviation of Gaussian noise added to standardised pixels.
        held_out: (sample,), true for the images that a data set keeps for tests: then the last part is of
            these alone, and all others of the rest.
        per_pixel: whether the mean of each pixel is removed, in place of that of all pixels; the deviation
            is that of all that is left either way.
        dtype: of the pixels returned.

    Raises:
        DataError: if the parts need more images than there are, or the first part is constant.
    """
    order = torch.randperm(len(images), generator=generator)
    pools = [order] if held_out is None else [order[~held_out[order]], order[held_out[order]]]
    wanted = [list(sizes)] if held_out is None else [list(sizes[:-1]), [sizes[-1]]]
    for pool, own in zip(pools, wanted, strict=True):
        if sum(own) > len(pool):
            raise DataError(f"parts of {own} images need {sum(own)}, and there are {len(pool)}")
    chosen = torch.cat([pool[: sum(own)] for pool, own in zip(pools, wanted, strict=True)])
    pixels = images[chosen]
    mean, deviation = _moments(pixels[: sizes[0]], per_pixel)
    if deviation == 0:
        raise DataError(f"the first {sizes[0]} images are constant, so that they cannot be standardised")
    standardised = torch.empty(pixels.shape, dtype=dtype)
    for rows, values in zip(_goes(standardised), _goes(pixels), strict=True):
        scaled = values.double().sub_(mean).div_(deviation)
        if noise:
            scaled += noise * torch.randn(scaled.shape, generator=generator, dtype=scaled.dtype)
        rows.copy_(scaled)
    ends = torch.tensor(sizes).cumsum(0)[:-1]
    parts = zip(standardised.tensor_split(ends), labels[chosen].long().tensor_split(ends), strict=True)
    return [Images(*part) for part in parts]


def splits(
    dataset: xr.Dataset,
    sizes: Sequence[int],
    generators: Sequence[torch.Generator],
    noise: float = 0.0,
    per_pixel: bool = False,
    dtype: torch.dtype = torch.float32,
) -> list[Images]:
    """A split of its own for each generator, say of each seed; see `split`.

    Args:
        dataset: with ``image`` (sample, ...) and ``label`` (sample); of one with a variable ``test`` (sample)
            the last part is of the images that it keeps for tests, of any other at random.
        sizes: examples of each part.
        generators: on the CPU, one for each split.
        noise: as for `split`.
        per_pixel: as for `split`.
        dtype: as for `split`.

    Returns:
        the parts: pixels (split, example, ...) and labels (split, example).

    Raises:
        DataError: as `split`.
    """
    pixels, labels = torch.as_tensor(dataset["image"].values), torch.as_tensor(dataset["label"].values)
    held_out = torch.as_tensor(dataset["test"].values).bool() if "test" in dataset else None
    count = len(generators)
    parts = [
        Images(
            torch.empty(count, size, *pixels.shape[1:], dtype=dtype),
            torch.empty(count, size, dtype=torch.int64),
        )
        for size in sizes
    ]
    # One split's images at a time: those of all would else be there twice.
    for place, generator in enumerate(generators):
        own = split(pixels, labels, sizes, generator, noise, held_out, per_pixel, dtype)
        for part, found in zip(parts, own, strict=True):
            part.pixels[place], part.labels[place] = found.pixels, found.labels
    return parts


def with_colours(pixels: Tensor) -> Tensor:
    """Pixels (split, example, colour, row, column), of such or of grey ones (split, example, row, column)."""
    return pixels.unsqueeze(2) if pixels.ndim == 4 else pixels


def _moments(pixels: Tensor, per_pixel: bool) -> tuple[float | Tensor, float]:
    """Mean, of each pixel or over all of them, and deviation over all, in float64, a few images at a time."""
    count = pixels.numel()
    mean: float | Tensor
    if per_pixel:
        mean = torch.stack([part.double().sum(dim=0) for part in _goes(pixels)]).sum(dim=0) / len(pixels)
    else:
        mean = sum(float(part.double().sum()) for part in _goes(pixels)) / count
    squares = sum(float((part.double() - mean).square().sum()) for part in _goes(pixels))
    return mean, (squares / count) ** 0.5


def _goes(images: Tensor) -> list[Tensor]:
    """Views of at most `ROWS` images each."""
    return [images[first : first + ROWS] for first in range(0, len(images), ROWS)]
