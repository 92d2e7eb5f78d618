"""Normalisation of each token. No small number guards the division: exact zeros of Jacobians stay exact."""

import math

import torch
from torch import Tensor

from widthscope.models.recurrence.rule import Rule


def normalised(rule: Rule, tokens: Tensor, gain: Tensor | None = None) -> Tensor:
    """Tokens y (member, batch, token, width) normalised by `rule.norm` (theory notes 2).

    Args:
        gain: (member, width), or (member, 1) for one gain of all coordinates; None is 1.
    """
    if rule.norm == "none":
        return tokens
    found = radial(rule, centred(rule, tokens))
    return found if gain is None else found * gain[:, None, None]


def centred(rule: Rule, tokens: Tensor) -> Tensor:
    """Tokens less their mean coordinate where the norm is `ln`, else themselves."""
    return tokens - tokens.mean(dim=-1, keepdim=True) if rule.norm == "ln" else tokens


def radial(rule: Rule, tokens: Tensor) -> Tensor:
    """Tokens scaled to length 1 (`unit`) or sqrt(width) (`rms`, `ln`)."""
    return tokens * inverse_length(tokens, radius(rule, tokens.shape[-1]))


def radius(rule: Rule, width: int) -> float:
    """Length of a normalised token without gain."""
    return 1.0 if rule.norm == "unit" else math.sqrt(width)


def inverse_length(tokens: Tensor, radius: float = 1.0) -> Tensor:
    """radius / |y|, (..., 1)."""
    found = torch.rsqrt(tokens.square().sum(dim=-1, keepdim=True))
    return found if radius == 1 else found * radius
