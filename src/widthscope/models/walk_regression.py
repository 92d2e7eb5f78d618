"""One softmax head that predicts the next token of a sequence as the attended mean of the tokens so far.

The last of T tokens asks, and the prediction is sum_t A_Tt x_t: values are the tokens themselves, so that
only W_Q and W_K are learned (theory notes of qk_spectrum, claim C10).
"""

import math

import torch
from torch import Tensor

from widthscope.models.attention import scores

Parameters = dict[str, Tensor]


def initial(generator: torch.Generator, width: int, head_dim: int, heads: int = 1) -> Parameters:
    """One member's `query` and `key`, (layer = 1, head, head_dim, width), N(0, 1 / width), float64."""
    shape = (1, heads, head_dim, width)
    return {
        name: torch.randn(shape, generator=generator, dtype=torch.float64) / math.sqrt(width)
        for name in ("query", "key")
    }


def attention(parameters: Parameters, tokens: Tensor) -> Tensor:
    """Attention of the last token, (member, batch, head, token); tokens (member, batch, token, width)."""
    query, key = parameters["query"][:, 0], parameters["key"][:, 0]
    return scores(query, key, tokens, last_only=True).softmax(dim=-1).squeeze(-2)


def prediction(parameters: Parameters, tokens: Tensor) -> Tensor:
    """The heads' mean attended token, (member, batch, width)."""
    mean = attention(parameters, tokens).mean(dim=2, keepdim=True)
    return (mean @ tokens).squeeze(2)


def loss(parameters: Parameters, tokens: Tensor, targets: Tensor) -> Tensor:
    """Mean square error over batch and coordinates, (member,); targets (member, batch, width)."""
    return (prediction(parameters, tokens) - targets).square().flatten(1).mean(dim=1)
