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

    Weights (member, head, head_dim, width) and tokens (member, batch, token, width) give (member, batch,
    head, token, head_dim).
    """
    member, batch, count, width = tokens.shape
    _, head, head_dim, _ = weights.shape
    seen = tokens.reshape(member, batch * count, width) @ weights.reshape(member, head * head_dim, width).mT
    return seen.reshape(member, batch, count, head, head_dim).transpose(2, 3)


def attend(query: Tensor, key: Tensor, value: Tensor, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Self-attention of all heads.

    Args:
        query, key, value: (member, head, head_dim, width).
        tokens: (member, batch, token, width).
        mask: added to the scores, (token, token): see `causal_mask`.

    Returns:
        attended values, the heads side by side, (member, batch * token, head * head_dim), and attention
        (member, batch, head, asking token, token).
    """
    member, batch, count, _ = tokens.shape
    _, head, head_dim, _ = query.shape
    q, k, v = (heads_of(weights, tokens).flatten(0, 2) for weights in (query, key, value))
    attention = torch.baddbmm(mask, q, k.mT, alpha=1 / math.sqrt(head_dim)).softmax(dim=-1)
    seen = (attention @ v).reshape(member, batch, head, count, head_dim).transpose(2, 3)
    return seen.reshape(member, batch * count, head * head_dim), attention.reshape(
        member, batch, head, count, count
    )


def causal_mask(count: int, like: Tensor) -> Tensor:
    """Zero up to the asking token, -inf at later tokens: (token, token), of `like`'s dtype and device."""
    return torch.full((count, count), -torch.inf, dtype=like.dtype, device=like.device).triu(1)


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
