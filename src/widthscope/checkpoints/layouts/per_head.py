"""Queries, keys and values of one head next to each other: GPT-NeoX, Pythia, BLOOM, Falcon, InternLM2.

Rows have shape (H_kv, H/H_kv + 2, d_h): for each key head its query heads, then the key head, then its value
head. GPT-NeoX and BLOOM have H_kv = H, so (H, 3, d_h); the first Falcon has H_kv = 1. Read as three stacked
blocks, such a tensor gives spectra that look plausible and are wrong.
"""

from widthscope.checkpoints.layouts.base import HeadShape, Layout


def _group(shape: HeadShape) -> int:
    """Query heads per key head."""
    return shape.heads // shape.key_heads


PER_HEAD = Layout(
    name="per_head",
    summary="one tensor with [queries, key, value] head by head (GPT-NeoX, BLOOM, Falcon, InternLM2)",
    endings=(
        ("query_key_value.weight", "query_key_value.weight"),
        ("wqkv.weight", "wqkv.weight"),
    ),
    query_start=lambda head, shape: (
        (head // _group(shape) * (_group(shape) + 2) + head % _group(shape)) * shape.head_dim
    ),
    key_start=lambda key_head, shape: (key_head * (_group(shape) + 2) + _group(shape)) * shape.head_dim,
)
