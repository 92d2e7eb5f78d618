"""How much the convolutions of networks on small images multiply, keep and weigh, for plans of their cost.

A convolution is its channels in and out, the side of its filter and that of its output. The networks are
those of `residual`. Nothing here may import torch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Convolution = tuple[int, int, int, int]
"""Channels in, channels out, side of the filter, side of the output."""

STEM = 16
"""Channels that enter the first stage of a wide residual network."""


@dataclass(frozen=True)
class Counts:
    """Of all convolutions of a network.

    Attributes:
        products: multiplications of a forward pass of one image.
        units: outputs of all convolutions for one image.
        largest: outputs of the one with most of them.
        weights: of all filters.
    """

    products: int
    units: int
    largest: int
    weights: int


def counted(convolutions: Iterable[Convolution]) -> Counts:
    """Sums over convolutions, of which there must be at least one."""
    listed = list(convolutions)
    weights = [before * after * kernel**2 for before, after, kernel, _ in listed]
    units = [after * side**2 for _, after, _, side in listed]
    products = sum(own * side**2 for own, (_, _, _, side) in zip(weights, listed, strict=True))
    return Counts(products, sum(units), max(units), sum(weights))


def of_resnet(blocks: Sequence[int], width: int, channels: int, side: int) -> list[Convolution]:
    """Convolutions of `residual.ResNet` on images of so many channels and that side."""
    widths = [width * 2**stage for stage in range(len(blocks))]
    return _residual(blocks, widths, width, channels, side)


def of_wide_resnet(depth: int, widening: int, channels: int, side: int) -> list[Convolution]:
    """Convolutions of `residual.WideResNet` on images of so many channels and that side."""
    widths = [16 * widening * 2**stage for stage in range(3)]
    return _residual([(depth - 4) // 6] * 3, widths, STEM, channels, side)


def _residual(
    blocks: Sequence[int], widths: Sequence[int], stem: int, channels: int, side: int
) -> list[Convolution]:
    """The stem, then two convolutions a block, and one of the shortcut where channels or sides change."""
    found, before = [(channels, stem, 3, side)], stem
    for stage, (count, after) in enumerate(zip(blocks, widths, strict=True)):
        own = side // 2**stage
        for block in range(count):
            found += [(before, after, 3, own), (after, after, 3, own)]
            projects = before != after or (stage > 0 and block == 0)
            found += [(before, after, 1, own)] if projects else []
            before = after
    return found
