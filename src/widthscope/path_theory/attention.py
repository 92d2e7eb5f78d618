"""Attention matrices of given tokens under frozen query and key weights."""

import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.memory_limit import refuse_too_large


def bilinear_form(queries: Tensor, keys: Tensor) -> Tensor:
    """Bilinear forms B = K^T Q / sqrt(G), shape (..., N0, N0), of queries and keys (..., G, N0).

    The score of key token s for query token t is x_s^T B x_t.

    Raises:
        PosteriorError: if the shapes differ.
    """
    if queries.shape != keys.shape or queries.dim() < 2:
        raise PosteriorError(
            f"queries and keys have one shape (..., G, N0), not {tuple(queries.shape)} "
            f"and {tuple(keys.shape)}"
        )
    form: Tensor = keys.mT @ queries / queries.shape[-2] ** 0.5
    return form


def attention_matrices(tokens: Tensor, bilinear: Tensor) -> Tensor:
    """Attention of tokens (P, T, N0) under bilinear forms (H, N0, N0): (P, H, T, T), in the tokens' dtype.

    Entry [mu, h, s, t] is the softmax over key tokens s of x_s^T B^h x_t: every column sums to one.

    Raises:
        PosteriorError: if the shapes do not fit or a score is not finite; and, before anything is allocated,
            if memory would not do.
    """
    if tokens.dim() != 3 or bilinear.dim() != 3 or bilinear.shape[1:] != (tokens.shape[2],) * 2:
        raise PosteriorError(
            "attention needs tokens (P, T, N0) and bilinear forms (H, N0, N0), "
            f"not {tuple(tokens.shape)} and {tuple(bilinear.shape)}"
        )
    examples, length, features = tokens.shape
    # Scores and their softmax, and tokens under every form: as they come, and in order.
    entries = 2 * examples * len(bilinear) * length * (length + features)
    refuse_too_large(
        f"attention of {len(bilinear)} heads, {examples} examples and {length} tokens",
        entries * tokens.element_size(),
        "take fewer heads or tokens, or fewer examples at a time",
    )
    # One product of (P T, N0) by (N0, H N0): a batched one would copy the forms for every example.
    joined = bilinear.to(tokens.dtype).permute(1, 0, 2).flatten(1)
    projected = (tokens @ joined).view(*tokens.shape[:2], len(bilinear), -1).transpose(1, 2)
    scores = projected @ tokens[:, None].mT
    if not bool(torch.isfinite(scores).all()):
        raise PosteriorError(
            "an attention score is not finite: tokens and bilinear forms must be finite numbers"
        )
    return scores.softmax(dim=-2)
