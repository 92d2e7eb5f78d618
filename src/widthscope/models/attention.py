"""Softmax attention heads of many members, and how spread their attention is.

One layer's weights: query and key (member, head, head_dim, width), acting on tokens as columns. A head scores

    omega_st = (W_Q x_s) . (W_K x_t) / sqrt(head_dim) .
"""

import math

import torch
from torch import Tensor


def scores(query: Tensor, key: Tensor, tokens: Tensor, last_only: bool = False) -> Tensor:
    """Scores of every token, or of the last one only, for every token.

    Args:
        query, key: (member, head, head_dim, width).
        tokens: (member, batch, token, width).
        last_only: whether only the last token asks.

    Returns:
        (member, batch, head, asking token, token); one asking token where `last_only`.
    """
    asking = tokens[:, :, -1:] if last_only else tokens
    questions = heads_of(query, asking) * (1 / math.sqrt(query.shape[-2]))
    return questions @ heads_of(key, tokens).mT


def heads_of(weights: Tensor, tokens: Tensor) -> Tensor:
    """Tokens as each head sees them.

    Weights (member, head, head_dim, width) and tokens (member, batch, token, width) give (member, batch, head,
    token, head_dim).
    """
    member, batch, count, width = tokens.shape
    _, head, head_dim, _ = weights.shape
    seen = tokens.reshape(member, batch * count, width) @ weights.reshape(member, head * head_dim, width).mT
    return seen.reshape(member, batch, count, head, head_dim).transpose(2, 3)


def causal_softmax(found: Tensor) -> Tensor:
    """Softmax over the tokens up to the asking one; scores and attention (..., token, token)."""
    count = found.shape[-1]
    future = torch.ones(count, count, dtype=torch.bool, device=found.device).triu(1)
    return found.masked_fill(future, -torch.inf).softmax(dim=-1)


def causal_entropy(attention: Tensor) -> Tensor:
    """Entropy of causal attention rows over the log of the number of visible tokens, averaged over rows.

    The first row sees itself only and is left out. 1 is uniform, 0 is one token.

    Args:
        attention: (..., token, token), at least two tokens.

    Returns:
        (...), in [0, 1].
    """
    visible = torch.arange(2, attention.shape[-1] + 1, device=attention.device, dtype=attention.dtype)
    return (row_entropy(attention[..., 1:, :]) / visible.log()).mean(dim=-1)


def row_entropy(attention: Tensor) -> Tensor:
    """Entropy of each row in nats, -sum A log A, with 0 log 0 = 0."""
    entropy: Tensor = torch.special.entr(attention).sum(dim=-1)
    return entropy
