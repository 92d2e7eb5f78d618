"""Queries, keys and values stacked in one tensor, each a block of heads.

``torch.nn.MultiheadAttention``, timm's vision transformers, MPT and nanoGPT have H heads in each block; Phi-3
has H heads of queries, then H_kv of keys, then H_kv of values.
"""

from widthscope.checkpoints.layouts.base import Layout

STACKED = Layout(
    name="stacked",
    summary="one tensor with blocks [queries; keys; values] (nn.MultiheadAttention, timm, Phi-3, nanoGPT)",
    endings=tuple(
        (ending, ending)
        for ending in (
            "in_proj_weight",
            "qkv.weight",
            "self_attn.qkv_proj.weight",
            "Wqkv.weight",
            "to_qkv.weight",
            "c_attn.weight",
        )
    ),
    query_start=lambda head, shape: head * shape.head_dim,
    key_start=lambda key_head, shape: (shape.heads + key_head) * shape.head_dim,
)
