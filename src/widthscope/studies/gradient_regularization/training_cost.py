"""What training the study's networks is expected to take, on one core.

Imported when the plan is made, so that nothing here may import torch.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from widthscope.studies.base import SHARD_SECONDS

PRODUCT_SECONDS = 3e-11
"""Of one multiplication and addition, on one core."""

UNIT_SECONDS = 3e-9
"""Of one unit and image in a gradient, beside the products."""

STEP_SECONDS = 5e-4
"""Of one plain gradient of all members, whatever their size."""

MEMBER_SECONDS = 4e-5
"""Of one member in one plain gradient, whatever the size of its network: short loops of small products."""

SHARD_MB = 8000
"""Seeds that would take more memory than this together share no job; one alone may take more."""

MOST_MB = 64_000
"""Of one network's training, which nothing can split: what a large machine or GPU has."""

COPIES = 8
"""Of the weights, where networks learn by minibatches: with momentum, gradients and what is recorded."""

MEASURED_AT_ONCE = 500
"""Images that pass at once where accuracies are measured, in float64."""

DESCENT_COPIES, DESCENT_PASSES = 16, 8
"""Of the weights, and of what all images leave, in an update by all of them."""

RESNET = (0.56e9, 1.3e6, 11.2e6)
"""Of ResNet-18 with 64 channels in its first stage: products of one image of 32 by 32 pixels in a forward
pass, numbers that it leaves for the backward pass, and weights."""

WIDE_RESNET = (5.2e9, 9e6, 36.5e6)
"""The same of a wide residual network of depth 28 and 160 channels in its first stage."""


@dataclass(frozen=True)
class Size:
    """Size of a network.

    Attributes:
        products: of one image's forward pass.
        units: numbers that one image leaves for the backward pass.
        weights: all that is trained.
    """

    products: float
    units: float
    weights: float

    @property
    def image_seconds(self) -> float:
        """Of one image's plain gradient."""
        return 3 * self.products * PRODUCT_SECONDS + self.units * UNIT_SECONDS


def size_of(network: Mapping[str, Any]) -> Size:
    """Size of a network by the fields of `networks.Network`."""
    layers, width, kind = network["layers"], network["width"], network.get("kind", "perceptron")
    if kind == "resnet-18":
        scale = width / 64
        products, units, weights = RESNET
        return Size(products * scale**2, units * scale, weights * scale**2)
    if kind == "wide-resnet":
        deep, wide = (layers - 4) / 24, width / 160
        products, units, weights = WIDE_RESNET
        return Size(products * deep * wide**2, units * deep * wide, weights * deep * wide**2)
    sizes = [network["inputs"], *[width] * (layers - 1), network["classes"]]
    inside = sum(first * second for first, second in pairwise(sizes))
    return Size(float(inside), float(sum(sizes)), float(inside + sum(sizes[1:])))


def gradient_seconds(size: Size, members: int, images: int) -> float:
    """Of one plain gradient of all members, each on a batch of so many images."""
    return STEP_SECONDS + members * (MEMBER_SECONDS + images * size.image_seconds)


def member_megabytes(size: Size, copies: int, images: int, number_bytes: int = 4) -> float:
    """Of so many copies of one network's weights, and of what so many images leave for the backward pass."""
    return number_bytes * (copies * size.weights + images * size.units) / 2**20


def images_left(batch: int) -> int:
    """Images whose units are there at once: in passes of a minibatch, or where accuracies are measured."""
    return max(6 * batch, 2 * MEASURED_AT_ONCE)


def check_member(network: Mapping[str, Any], copies: int, images: int, number_bytes: int = 4) -> None:
    """Refuse a network that no machine could train, by `member_megabytes`.

    Raises:
        ValueError: if one member alone takes more than `MOST_MB`.
    """
    found = member_megabytes(size_of(network), copies, images, number_bytes)
    if found > MOST_MB:
        raise ValueError(
            f"one network of {network['layers']} layers and width {network['width']} takes about "
            f"{found / 1000:.0f} GB to train, more than {MOST_MB / 1000:g}: it must have fewer layers or "
            "units, or see fewer images at once"
        )


def seed_parts(seeds: Sequence[int], cost: Callable[[int], tuple[float, float]]) -> list[Sequence[int]]:
    """Seeds as jobs that are short enough and small enough, or of one seed.

    Args:
        seeds: of all.
        cost: seconds and megabytes that so many seeds take.
    """
    jobs = min(len(seeds), math.ceil(cost(len(seeds))[0] / SHARD_SECONDS))
    size = math.ceil(len(seeds) / jobs)
    while size > 1 and cost(size)[1] > SHARD_MB:
        size -= 1
    return [seeds[first : first + size] for first in range(0, len(seeds), size)]
