"""Mixing layers as the dense matrices that they are on vec, formed by Kronecker products: small sizes only.

Nothing here uses the library's fast forms, which are what is compared with it. vec stacks columns (theory
notes 2, docs/theory/pk_mixer.md).
"""

import torch
from torch import Tensor
from torch.nn import functional

UNIT = 2.0**-53
"""Largest relative rounding error of one operation in float64."""


def one(size: int) -> Tensor:
    """The identity matrix, float64."""
    return torch.eye(size, dtype=torch.float64)


def product(first: Tensor, second: Tensor) -> Tensor:
    """first kron second."""
    return torch.kron(first.contiguous(), second.contiguous())


def commutation_matrix(tokens: int, channels: int) -> Tensor:
    """J with J vec(X) = vec(X^T), entry by entry: row s C + c has its one in column c S + s."""
    J = torch.zeros(tokens * channels, tokens * channels, dtype=torch.float64)
    for token in range(tokens):
        for channel in range(channels):
            J[token * channels + channel, channel * tokens + token] = 1.0
    return J


def rounding_bound(matrix: Tensor, vector: Tensor, fan_in: int) -> float:
    """How far two evaluations of a product with `fan_in` terms each may lie apart in float64, at most.

    Each lies within k u / (1 - k u) of the exact sum of k terms, relative to the sum of their absolute
    values, in whatever order the terms are added (the standard bound on inner products).
    """
    size = float((matrix.abs() @ vector.abs()).max())
    return 2 * fan_in * UNIT / (1 - fan_in * UNIT) * size


def wide_block(vector: Tensor, weights: dict[str, Tensor], tokens: int, channels: int, groups: str) -> Tensor:
    """The whole mixer block, layer norm, GELU and skip connections included, as a wide sparse network.

    Args:
        vector: vec(X), (S C,).
        weights: as of `mixer_block`.
        tokens, channels: S and C.
        groups: over which units the layer norm averages: those of one "token", as a mixer does, or of one
            "channel".
    """
    mixes_tokens = [product(one(channels), weights[name]) for name in ("w1", "w2")]
    mixes_channels = [product(weights[name].T, one(tokens)) for name in ("v1", "v2")]
    if groups == "token":
        average = product(torch.full((channels, channels), 1 / channels, dtype=torch.float64), one(tokens))
    else:
        average = product(one(channels), torch.full((tokens, tokens), 1 / tokens, dtype=torch.float64))
    for inner, outer in (mixes_tokens, mixes_channels):
        centred = vector - average @ vector
        normalised = centred / (average @ centred.square() + 1e-5).sqrt()
        vector = vector + outer @ functional.gelu(inner @ normalised)
    return vector
