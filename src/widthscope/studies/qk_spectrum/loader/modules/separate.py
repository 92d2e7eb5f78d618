"""Modules with one tensor for the queries and one for the keys."""

import torch

from widthscope.studies.qk_spectrum.loader.modules.case import (
    Case,
    Sizes,
    as_heads,
    dot_products,
    linear,
    random_tokens,
    rms_norm,
    split_heads,
    stored,
    vector,
)


def llama(sizes: Sizes, generator: torch.Generator) -> Case:
    """Llama, Mistral, Qwen: a key head serves adjacent query heads; stored in half precision."""
    d, H, shared, half = sizes.width, sizes.heads, sizes.key_heads, torch.float16
    query_weight = stored(generator, d, d, dtype=half)
    key_weight = stored(generator, shared * sizes.head_dim, d, dtype=half)
    gain = vector(generator, d, 1.0, half)
    tokens = random_tokens(generator, sizes)
    normed = rms_norm(tokens, gain)
    query = linear(normed, query_weight).view(sizes.tokens, shared, H // shared, sizes.head_dim)
    key = linear(normed, key_weight).view(sizes.tokens, shared, sizes.head_dim)
    scores = torch.einsum("sgah,tgh->gast", query, key).flatten(0, 1) * sizes.head_dim**-0.5
    queries, keys = as_heads(query_weight, H), as_heads(key_weight, shared)
    layer = "model.layers.0"
    return Case(
        {
            f"{layer}.self_attn.q_proj.weight": query_weight,
            f"{layer}.self_attn.k_proj.weight": key_weight,
            f"{layer}.input_layernorm.weight": gain,
        },
        tokens,
        scores,
        config={
            "model_type": "llama",
            "num_attention_heads": H,
            "num_key_value_heads": shared,
            "hidden_size": d,
        },
        wrong={"key heads tiled": (queries, keys.repeat(H // shared, 1, 1))},
    )


def bert(sizes: Sizes, generator: torch.Generator) -> Case:
    """BERT: linear layers with biases; the norm comes after attention."""
    d, H = sizes.width, sizes.heads
    query_weight, key_weight = stored(generator, d, d), stored(generator, d, d)
    query_bias, key_bias = vector(generator, d), vector(generator, d)
    tokens = random_tokens(generator, sizes)
    query, key = linear(tokens, query_weight, query_bias), linear(tokens, key_weight, key_bias)
    layer = "bert.encoder.layer.0.attention.self"
    return Case(
        {
            f"{layer}.query.weight": query_weight,
            f"{layer}.query.bias": query_bias,
            f"{layer}.key.weight": key_weight,
            f"{layer}.key.bias": key_bias,
        },
        tokens,
        dot_products(split_heads(query, H), split_heads(key, H)),
        config={"model_type": "bert", "num_attention_heads": H, "hidden_size": d},
        wrong={"transposed": (as_heads(query_weight.T, H), as_heads(key_weight.T, H))},
    )


def t5(sizes: Sizes, generator: torch.Generator) -> Case:
    """T5: scores without a factor 1/√d_h, and a relative bias that is not part of the content's score."""
    d, H = sizes.width, sizes.heads
    query_weight, key_weight = stored(generator, d, d), stored(generator, d, d)
    gain = vector(generator, d, 1.0)
    tokens = random_tokens(generator, sizes)
    normed = rms_norm(tokens, gain)
    query, key = split_heads(linear(normed, query_weight), H), split_heads(linear(normed, key_weight), H)
    block = "encoder.block.0.layer.0"
    return Case(
        {
            f"{block}.SelfAttention.q.weight": query_weight,
            f"{block}.SelfAttention.k.weight": key_weight,
            f"{block}.layer_norm.weight": gain,
        },
        tokens,
        dot_products(query, key, scale=1.0),
        config={"model_type": "t5", "num_heads": H, "d_model": d, "d_kv": sizes.head_dim},
        wrong={
            "scaled": (as_heads(query_weight, H) * sizes.head_dim**-0.5, as_heads(key_weight, H)),
        },
    )
