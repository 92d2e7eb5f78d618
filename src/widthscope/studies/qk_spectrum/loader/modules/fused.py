"""Modules whose queries, keys and values lie in one tensor."""

import torch

from widthscope.studies.qk_spectrum.loader.modules.case import (
    DTYPE,
    Case,
    Sizes,
    as_heads,
    dot_products,
    layer_norm,
    linear,
    random_tokens,
    split_heads,
    stored,
    vector,
)


def gpt2(sizes: Sizes, generator: torch.Generator) -> Case:
    """GPT-2: Conv1D with weights (inputs, outputs) behind a LayerNorm, stored in bfloat16."""
    d, H, half = sizes.width, sizes.heads, torch.bfloat16
    weight, bias = (
        stored(generator, 3 * d, d, dtype=half).T.contiguous(),
        vector(generator, 3 * d, dtype=half),
    )
    gain, shift = vector(generator, d, 1.0, half), vector(generator, d, dtype=half)
    tokens = random_tokens(generator, sizes)
    fused = torch.addmm(bias.to(DTYPE), layer_norm(tokens, gain, shift), weight.to(DTYPE))
    query, key, _ = fused.chunk(3, dim=-1)
    return Case(
        {
            "h.0.attn.c_attn.weight": weight,
            "h.0.attn.c_attn.bias": bias,
            "h.0.ln_1.weight": gain,
            "h.0.ln_1.bias": shift,
        },
        tokens,
        dot_products(split_heads(query, H), split_heads(key, H)),
        config={"model_type": "gpt2", "n_head": H, "n_embd": d},
        wrong={"untransposed": (as_heads(weight[:, :d], H), as_heads(weight[:, d : 2 * d], H))},
    )


def neox(sizes: Sizes, generator: torch.Generator) -> Case:
    """GPT-NeoX and Pythia: queries, keys and values of one head next to each other."""
    d, H = sizes.width, sizes.heads
    weight, bias = stored(generator, 3 * d, d), vector(generator, 3 * d)
    gain, shift = vector(generator, d, 1.0), vector(generator, d)
    tokens = random_tokens(generator, sizes)
    fused = split_heads(linear(layer_norm(tokens, gain, shift), weight, bias), H)
    query, key, _ = fused.chunk(3, dim=-1)
    layer = "gpt_neox.layers.0"
    return Case(
        {
            f"{layer}.attention.query_key_value.weight": weight,
            f"{layer}.attention.query_key_value.bias": bias,
            f"{layer}.input_layernorm.weight": gain,
            f"{layer}.input_layernorm.bias": shift,
        },
        tokens,
        dot_products(query, key),
        config={"model_type": "gpt_neox", "num_attention_heads": H, "hidden_size": d, "rotary_pct": 0.5},
        wrong={"stacked blocks": (as_heads(weight[:d], H), as_heads(weight[d : 2 * d], H))},
    )


def falcon(sizes: Sizes, generator: torch.Generator) -> Case:
    """Falcon's new architecture: the queries that share a key, then that key, then its value."""
    d, H, shared = sizes.width, sizes.heads, sizes.key_heads
    group = H // shared
    weight = stored(generator, (H + 2 * shared) * sizes.head_dim, d)
    tokens = random_tokens(generator, sizes)
    fused = linear(tokens, weight).view(sizes.tokens, shared, group + 2, sizes.head_dim)
    query = fused[:, :, :-2].flatten(1, 2).transpose(0, 1)
    key = (
        fused[:, :, [-2]]
        .broadcast_to(sizes.tokens, shared, group, sizes.head_dim)
        .flatten(1, 2)
        .transpose(0, 1)
    )
    tail = as_heads(weight[d : d + shared * sizes.head_dim], shared)
    return Case(
        {"transformer.h.0.self_attention.query_key_value.weight": weight},
        tokens,
        dot_products(query, key),
        config={
            "model_type": "falcon",
            "num_attention_heads": H,
            "num_kv_heads": shared,
            "hidden_size": d,
            "new_decoder_architecture": True,
        },
        wrong={"stacked blocks": (as_heads(weight[:d], H), tail.repeat_interleave(group, 0))},
    )


def multihead_attention(sizes: Sizes, generator: torch.Generator) -> Case:
    """`torch.nn.MultiheadAttention` itself; the logarithms of its weights are the scores up to a constant."""
    d, H = sizes.width, sizes.heads
    module = torch.nn.MultiheadAttention(d, H, batch_first=True, dtype=DTYPE)
    weight, bias = stored(generator, 3 * d, d), vector(generator, 3 * d)
    with torch.no_grad():
        module.in_proj_weight.copy_(weight)
        module.in_proj_bias.copy_(bias)
        tokens = random_tokens(generator, sizes)
        _, attention = module(*[tokens[None]] * 3, need_weights=True, average_attn_weights=False)
    apart = weight.view(H, 3, sizes.head_dim, d).to(DTYPE)
    return Case(
        {"layers.0.self_attn.in_proj_weight": weight, "layers.0.self_attn.in_proj_bias": bias},
        tokens,
        attention[0].log(),
        wrong={"apart per head": (apart[:, 0], apart[:, 1])},
    )


def vision_transformer(sizes: Sizes, generator: torch.Generator) -> Case:
    """timm's vision transformer: one linear layer, reshaped to (3, H, d_h), behind a LayerNorm."""
    d, H = sizes.width, sizes.heads
    weight, bias = stored(generator, 3 * d, d), vector(generator, 3 * d)
    gain, shift = vector(generator, d, 1.0), vector(generator, d)
    tokens = random_tokens(generator, sizes)
    fused = linear(layer_norm(tokens, gain, shift), weight, bias).reshape(sizes.tokens, 3, H, sizes.head_dim)
    query, key, _ = fused.permute(1, 2, 0, 3)
    blocks = weight.view(3, H, sizes.head_dim, d).to(DTYPE)
    return Case(
        {
            "blocks.0.attn.qkv.weight": weight,
            "blocks.0.attn.qkv.bias": bias,
            "blocks.0.norm1.weight": gain,
            "blocks.0.norm1.bias": shift,
        },
        tokens,
        dot_products(query, key),
        wrong={"values for keys": (blocks[0], blocks[2])},
    )


def phi(sizes: Sizes, generator: torch.Generator) -> Case:
    """Phi-3: H heads of queries, then H_kv of keys and of values, in one tensor."""
    d, H, shared = sizes.width, sizes.heads, sizes.key_heads
    weight = stored(generator, (H + 2 * shared) * sizes.head_dim, d)
    tokens = random_tokens(generator, sizes)
    fused = split_heads(linear(tokens, weight), H + 2 * shared)
    key = fused[H : H + shared].repeat_interleave(H // shared, dim=0)
    rows = as_heads(weight, H + 2 * shared)
    return Case(
        {"model.layers.0.self_attn.qkv_proj.weight": weight},
        tokens,
        dot_products(fused[:H], key),
        config={
            "model_type": "phi3",
            "num_attention_heads": H,
            "num_key_value_heads": shared,
            "hidden_size": d,
        },
        wrong={"values for keys": (rows[:H], rows[H + shared :].repeat_interleave(H // shared, dim=0))},
    )
