"""Modules with rotary positions: pairs of coordinates are turned, as complex numbers."""

import torch
from torch import Tensor

from widthscope.studies.qk_spectrum.loader.modules.case import (
    Case,
    Sizes,
    as_heads,
    dot_products,
    linear,
    random_tokens,
    split_heads,
    stored,
)

BASE = 10_000.0


def half_split(sizes: Sizes, generator: torch.Generator) -> Case:
    """Llama with positions: coordinates i and i + d_h/2 are a pair."""
    names = [f"model.layers.0.self_attn.{name}_proj.weight" for name in ("q", "k")]
    config = {
        "model_type": "llama",
        "num_attention_heads": sizes.heads,
        "num_key_value_heads": sizes.heads,
        "hidden_size": sizes.width,
        "rope_theta": BASE,
    }
    return _rotary(sizes, generator, names, config, pair_after=sizes.head_dim // 2)


def interleaved(sizes: Sizes, generator: torch.Generator) -> Case:
    """GPT-J: coordinates 2i and 2i + 1 are a pair."""
    names = [f"transformer.h.0.attn.{name}_proj.weight" for name in ("q", "k")]
    config = {
        "model_type": "gptj",
        "n_head": sizes.heads,
        "n_embd": sizes.width,
        "rotary_dim": sizes.head_dim,
    }
    return _rotary(sizes, generator, names, config, pair_after=1)


def _rotary(
    sizes: Sizes, generator: torch.Generator, names: list[str], config: dict[str, object], pair_after: int
) -> Case:
    weights = [stored(generator, sizes.width, sizes.width) for _ in names]
    tokens = random_tokens(generator, sizes)
    query, key = (_turned(split_heads(linear(tokens, w), sizes.heads), pair_after) for w in weights)
    other = sizes.head_dim // 2 if pair_after == 1 else 1
    exchanged = [_repaired(as_heads(w, sizes.heads), pair_after, other) for w in weights]
    return Case(
        dict(zip(names, weights, strict=True)),
        tokens,
        dot_products(query, key),
        config=config,
        offsets=True,
        wrong={"other pairing": (exchanged[0], exchanged[1])},
    )


def _turned(projected: Tensor, pair_after: int) -> Tensor:
    """Queries or keys (H, T, d_h) at positions 0 ... T - 1."""
    tokens, head_dim = projected.shape[-2:]
    pairs = _paired(projected, pair_after)
    frequencies = BASE ** (-torch.arange(head_dim // 2, dtype=projected.dtype) * 2 / head_dim)
    angles = torch.outer(torch.arange(tokens, dtype=projected.dtype), frequencies)
    turned = torch.complex(pairs[..., 0], pairs[..., 1]) * torch.polar(torch.ones_like(angles), angles)
    return torch.view_as_real(turned).flatten(-2)


def _paired(coordinates: Tensor, pair_after: int) -> Tensor:
    """(..., d_h) as (..., d_h/2, 2), the second of a pair lying `pair_after` after the first."""
    if pair_after == 1:
        return coordinates.reshape(*coordinates.shape[:-1], -1, 2)
    return coordinates.reshape(*coordinates.shape[:-1], 2, -1).mT


def _repaired(rows: Tensor, pair_after: int, other: int) -> Tensor:
    """Rows (H, d_h, d) so ordered that the one pairing finds what the other would have paired."""
    pairs = _paired(rows.mT, other)
    flat = pairs.flatten(-2) if pair_after == 1 else pairs.mT.flatten(-2)
    return flat.mT
