"""Token and channel mixing of feature tables, and what `vec` makes of them.

A table X has S tokens (rows) and C channels (columns); m = S C. `vec` stacks columns,
vec(X)[c S + s] = X[s, c], as in theory notes 2 (docs/theory/pk_mixer.md), and then, exactly,

    token mixing    vec(W X) = (I_C kron W)   vec(X)
    channel mixing  vec(X V) = (V^T kron I_S) vec(X) = J_out^T (I_S kron V^T) J_in vec(X) .

A row-major reshape is not `vec`: it swaps the two factors of each product.

The fast forms work on batches laid out as [..., token, example, channel], where both mixings are plain
batched matrix products and nothing is transposed (theory notes 3.6).
"""

import math

import torch
from torch import Tensor


def tokens_first(tables: Tensor) -> Tensor:
    """Tables (..., example, token, channel) in the layout (..., token, example, channel), contiguous."""
    return tables.transpose(-3, -2).contiguous()


def examples_first(features: Tensor) -> Tensor:
    """The layout (..., token, example, channel) back as tables (..., example, token, channel): a view."""
    return features.transpose(-3, -2)


def mix_tokens(weight: Tensor, features: Tensor) -> Tensor:
    """W X of every table: one matrix product per member.

    Args:
        weight: W (..., H, S); its leading dimensions, the members', are those of the features.
        features: X as (..., S, example, C), contiguous.

    Returns:
        (..., H, example, C). Multiply-adds: H S C for each example.
    """
    *members, tokens, examples, channels = features.shape
    mixed = weight @ features.reshape(*members, tokens, examples * channels)
    return mixed.reshape(*members, weight.shape[-2], examples, channels)


def mix_channels(features: Tensor, weight: Tensor) -> Tensor:
    """X V of every table: one matrix product per member.

    Args:
        features: X as (..., S, example, C), contiguous.
        weight: V (..., C, K); its leading dimensions, the members', are those of the features.

    Returns:
        (..., S, example, K). Multiply-adds: S C K for each example.
    """
    *members, tokens, examples, channels = features.shape
    mixed = features.reshape(*members, tokens * examples, channels) @ weight
    return mixed.reshape(*members, tokens, examples, weight.shape[-1])


def vec(tables: Tensor) -> Tensor:
    """Columns of tables (..., S, C) stacked: (..., S C) with place c S + s for X[s, c]."""
    return tables.mT.flatten(-2)


def unvec(vectors: Tensor, tokens: int) -> Tensor:
    """Inverse of `vec`: vectors (..., S C) as tables (..., S, C) of S = `tokens` tokens.

    For reading what a matrix that acts on `vec` gives, such as a singular vector of it, as a table.

    Raises:
        ValueError: if the length is no multiple of the number of tokens.
    """
    length = vectors.shape[-1]
    if length % tokens:
        raise ValueError(f"a vector of length {length} is no table of {tokens} tokens")
    return vectors.reshape(*vectors.shape[:-1], length // tokens, tokens).mT


def commutation(tokens: int, channels: int) -> Tensor:
    """J with J vec(X) = vec(X^T) for S x C tables, as an index list j (m,): (J x)[i] = x[j[i]].

    Returns:
        j[s C + c] = c S + s, int64. Its inverse, J^T, is the commutation of C x S tables.
    """
    return torch.arange(tokens * channels).reshape(channels, tokens).T.flatten()


def initial_weights(
    members: int, rows: int, columns: int, fan_in: int, gain: float, generator: torch.Generator
) -> Tensor:
    """Gaussian weights (member, rows, columns) of variance gain / fan_in, float64.

    Args:
        members: how many are drawn.
        rows: of each matrix.
        columns: of each matrix.
        fan_in: inputs that each unit is really connected with: S of a token mixing, C of a channel mixing.
        gain: 2 before a ReLU, 1 for linear layers and GELU (theory notes 2).
        generator: of the draws.
    """
    drawn = torch.randn(members, rows, columns, dtype=torch.float64, generator=generator)
    return drawn * math.sqrt(gain / fan_in)
