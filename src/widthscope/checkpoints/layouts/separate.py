"""Queries and keys in two tensors: Llama, Mistral, Qwen, Phi-2, OPT, BERT, ViT, T5 and most others.

Rows are heads one after the other. A key head serves H/H_kv query heads that follow each other: key head g
belongs to query heads g H/H_kv ... (g+1) H/H_kv - 1.
"""

from widthscope.checkpoints.layouts.base import Layout

SEPARATE = Layout(
    name="separate",
    summary="one tensor for queries, one for keys (Llama, Mistral, Qwen, Phi-2, BERT, ViT, T5)",
    endings=(
        ("q_proj.weight", "k_proj.weight"),
        ("query.weight", "key.weight"),
        ("q_lin.weight", "k_lin.weight"),
        ("q.weight", "k.weight"),
        ("wq.weight", "wk.weight"),
        ("to_q.weight", "to_k.weight"),
        ("query_proj.weight", "key_proj.weight"),
        ("q_proj_weight", "k_proj_weight"),
    ),
    query_start=lambda head, shape: head * shape.head_dim,
    key_start=lambda key_head, shape: key_head * shape.head_dim,
)
