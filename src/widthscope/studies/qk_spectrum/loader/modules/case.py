"""A module's weights as a checkpoint would hold them, and the scores of its own forward pass."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

EPSILON = 1e-5
"""What norms add to the variance."""

DTYPE = torch.float64
"""Of every forward pass."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of a module: token width d, H query heads, H_kv key heads, T tokens."""

    width: int
    heads: int
    key_heads: int
    tokens: int

    @property
    def head_dim(self) -> int:
        """d_h = d/H."""
        return self.width // self.heads


@dataclass(frozen=True)
class Case:
    """A module, saved, and what it computes.

    Attributes:
        tensors: by the names of its family, in the numbers that they are stored in.
        tokens: (T, d), what enters the norm in front of attention, or attention itself if there is none.
        scores: (H, T, T), query by key, of the module's forward pass, up to a constant over the keys.
        config: what its ``config.json`` would say; None for a file alone.
        offsets: whether tokens are at the positions 0 ... T - 1 of a rotary embedding, else all at one.
        wrong: readings of the same tensors that are wrong, by what is wrong: queries and keys (H, d_h, d).
    """

    tensors: dict[str, Tensor]
    tokens: Tensor
    scores: Tensor
    config: dict[str, Any] | None = None
    offsets: bool = False
    wrong: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)


def stored(generator: torch.Generator, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Weights of variance 1/(number of inputs), the last size, as a checkpoint stores them."""
    drawn = torch.randn(shape, generator=generator, dtype=DTYPE)
    return drawn.mul_(shape[-1] ** -0.5).to(dtype)


def vector(
    generator: torch.Generator, size: int, mean: float = 0.0, dtype: torch.dtype = torch.float32
) -> Tensor:
    """A gain or a bias: entries of standard deviation 0.3 about a mean."""
    return (mean + 0.3 * torch.randn(size, generator=generator, dtype=DTYPE)).to(dtype)


def random_tokens(generator: torch.Generator, sizes: Sizes) -> Tensor:
    """Gaussian tokens (T, d)."""
    return torch.randn(sizes.tokens, sizes.width, generator=generator, dtype=DTYPE)


def layer_norm(tokens: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """LayerNorm of tokens (T, d)."""
    return torch.nn.functional.layer_norm(tokens, gain.shape, gain.to(DTYPE), bias.to(DTYPE), EPSILON)


def rms_norm(tokens: Tensor, gain: Tensor) -> Tensor:
    """RMSNorm of tokens (T, d)."""
    return torch.nn.functional.rms_norm(tokens, gain.shape, gain.to(DTYPE), EPSILON)


def linear(tokens: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A linear layer with weights (outputs, inputs)."""
    return torch.nn.functional.linear(tokens, weight.to(DTYPE), None if bias is None else bias.to(DTYPE))


def split_heads(projected: Tensor, heads: int) -> Tensor:
    """(T, H d_h) as (H, T, d_h)."""
    return projected.view(len(projected), heads, -1).transpose(0, 1)


def dot_products(query: Tensor, key: Tensor, scale: float | None = None) -> Tensor:
    """Scores (H, T, T) of queries and keys (H, T, d_h), over √d_h unless a scale is given."""
    return query @ key.mT * (query.shape[-1] ** -0.5 if scale is None else scale)


def as_heads(rows: Tensor, heads: int) -> Tensor:
    """Rows (H d_h, d) of a projection as (H, d_h, d)."""
    return rows.to(DTYPE).reshape(heads, -1, rows.shape[-1])
