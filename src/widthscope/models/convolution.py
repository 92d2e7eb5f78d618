"""Layers of convolutional networks, for all members at once; images are (member, N, C, H, W).

Members are groups of one convolution, and of one batch normalisation, over member * C channels: their weights
and statistics never mix. A loop over members takes about as long for the arithmetic, and far longer for small
images, where starting an operation costs more than the operation.

Batch normalisation keeps no running statistics: `moments` are those of the batch, or of any images that are
given. So a network is a function of its parameters, and at the end of training the statistics of all training
images are found at the final weights, not averaged over earlier ones.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from widthscope.errors import WidthscopeError

EPS = 1e-5
"""Added to the variance in batch normalisation (`torch.nn.BatchNorm2d`)."""


class ConvolutionError(WidthscopeError):
    """Images and weights of a convolution do not fit each other."""


@dataclass(frozen=True)
class Moments:
    """What batch normalisation subtracts and divides by.

    Attributes:
        mean: of each channel over images and places, (member, C).
        variance: with the divisor N H W, (member, C).
    """

    mean: Tensor
    variance: Tensor


def initial(
    generator: torch.Generator, outputs: int, inputs: int, kernel: int, gain: float = math.sqrt(2)
) -> Tensor:
    """One member's weights (out, in, k, k), float64, N(0, gain^2 / (in k^2)): He et al., arXiv:1502.01852."""
    normal = torch.randn(outputs, inputs, kernel, kernel, generator=generator, dtype=torch.float64)
    return normal * (gain / math.sqrt(inputs * kernel**2))


def convolve(x: Tensor, weight: Tensor, stride: int = 1, padding: int | None = None) -> Tensor:
    """Cross-correlation of every member's images with its own weights (`torch.nn.Conv2d` without a bias).

    Args:
        x: (member, N, in, H, W).
        weight: (member, out, in, k, k).
        stride: of places.
        padding: zeros on each side; (k - 1) / 2 where left out, which keeps H and W at stride 1.

    Returns:
        (member, N, out, H', W').

    Raises:
        ConvolutionError: if members or channels differ.
    """
    if x.ndim != 5 or weight.ndim != 5 or x.shape[0] != weight.shape[0] or x.shape[2] != weight.shape[2]:
        raise ConvolutionError(
            f"images {tuple(x.shape)} and weights {tuple(weight.shape)} must be (member, N, in, H, W) and "
            "(member, out, in, k, k) of equal members and channels"
        )
    padding = (weight.shape[-1] - 1) // 2 if padding is None else padding
    kernels = weight.flatten(0, 1)
    found = functional.conv2d(_in_groups(x), kernels, stride=stride, padding=padding, groups=len(x))
    return _of_members(found, len(x))


def moments(x: Tensor) -> Moments:
    """Mean and variance of every channel over images and places of x (member, N, C, H, W)."""
    variance, mean = torch.var_mean(x, dim=(1, 3, 4), correction=0)
    return Moments(mean, variance)


def batch_norm(x: Tensor, scale: Tensor, shift: Tensor, given: Moments | None = None) -> Tensor:
    """scale (x - mean) / sqrt(variance + eps) + shift, channel by channel (arXiv:1502.03167).

    Args:
        x: (member, N, C, H, W).
        scale, shift: (member, C).
        given: moments to use; those of x itself where left out, through which gradients then pass.
    """
    if given is None:
        return _normalised_by_itself(x, scale, shift)
    factor = scale / (given.variance + EPS).sqrt()
    return x * _of_channels(factor) + _of_channels(shift - given.mean * factor)


def average_pool(x: Tensor, size: int = 2) -> Tensor:
    """Means of blocks of size * size places, (member, N, C, H / size, W / size)."""
    together = _in_groups(x)
    if x.dtype != torch.float32:
        return _of_members(functional.avg_pool2d(together, size), len(x))
    # A convolution of every channel with itself alone takes a third of the time of `avg_pool2d`.
    means = x.new_full((together.shape[1], 1, size, size), 1 / size**2)
    return _of_members(functional.conv2d(together, means, stride=size, groups=len(means)), len(x))


def max_pool(x: Tensor, size: int = 2) -> Tensor:
    """Largest value of each block of size * size places, (member, N, C, H / size, W / size)."""
    return _of_members(functional.max_pool2d(_in_groups(x), size), len(x))


def global_average(x: Tensor) -> Tensor:
    """Mean over all places, (member, N, C)."""
    return x.mean(dim=(3, 4))


def _normalised_by_itself(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Batch normalisation by the batch's own moments, in half the time of the written-out formula.

    Memory must be contiguous channel by channel: with channels last, as Torch may take images of one place to
    be, a channel is rounded by where it stands among all members' channels.
    """
    together = _in_groups(x).contiguous()
    places = together.shape[2:]
    if places.numel() == 1:
        together = together.reshape(len(together), -1).T.contiguous()[None]
    found = functional.batch_norm(
        together, None, None, scale.flatten(), shift.flatten(), training=True, eps=EPS
    )
    if places.numel() == 1:
        found = found[0].T.reshape(x.shape[1], -1, *places)
    return _of_members(found, len(x))


def _in_groups(x: Tensor) -> Tensor:
    """(member, N, C, H, W) as images (N, member * C, H, W) whose groups are members."""
    return x.transpose(0, 1).flatten(1, 2)


def _of_members(x: Tensor, members: int) -> Tensor:
    """Images (N, member * C, H, W) as (member, N, C, H, W)."""
    return x.reshape(len(x), members, -1, *x.shape[2:]).transpose(0, 1)


def _of_channels(values: Tensor) -> Tensor:
    """(member, C) shaped to be broadcast against images (member, N, C, H, W)."""
    return values[:, None, :, None, None]
