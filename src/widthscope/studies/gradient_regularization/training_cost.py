"""What training the study's networks is expected to take, on one core.

Imported when the plan is made, so that nothing here may import torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

PRODUCT_SECONDS = 3e-11
"""Of one multiplication and addition, on one core."""

UNIT_SECONDS = 3e-9
"""Of one unit and image in a gradient, beside the products."""

STEP_SECONDS = 5e-4
"""Of one plain gradient of all members, whatever their size."""

MEMBER_SECONDS = 4e-5
"""Of one member in one plain gradient, whatever the size of its network: short loops of small products."""

PIXELS = {"digits": 64, "cifar10": 3072, "cifar100": 3072}
CLASSES = {"digits": 10, "cifar10": 10, "cifar100": 100}
IMAGES = {"digits": 1797, "cifar10": 60_000, "cifar100": 60_000}
"""Images in all."""

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
