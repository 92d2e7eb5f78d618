"""Checkpoints made in memory, whose heads are known."""

import numpy as np

from widthscope.checkpoints.checkpoint import Checkpoint, LayerHeads, LayerReader, Rotary

HOSTILE = "h.0\x1b[31m<script>alert('x')</script>"


def heads(count: int = 4, head_dim: int = 8, width: int = 32, seed: int = 0) -> LayerHeads:
    """Gaussian heads at initialisation, without bias and norm."""
    random = np.random.default_rng(seed)
    query, key = random.standard_normal((2, count, head_dim, width)) / np.sqrt(width)
    return LayerHeads(query, key, None, None, None, head_dim**-0.5)


def checkpoint(
    layers: list[LayerHeads],
    *,
    names: list[str] | None = None,
    left_out: tuple[str, ...] = (),
    skips_theory: bool = False,
    rotary: Rotary | None = None,
) -> Checkpoint:
    """A checkpoint of these layers."""
    count, head_dim, width = layers[0].query.shape
    names = names or [f"h.{place}" for place in range(len(layers))]

    def reader(name: str, whole: LayerHeads) -> LayerReader:
        def read(part: slice) -> LayerHeads:
            bias = None if whole.query_bias is None else whole.query_bias[part]
            rest = (whole.norm_gain, whole.norm_kind, whole.scale, whole.norm_bias)
            return LayerHeads(whole.query[part], whole.key[part], bias, *rest)

        return LayerReader(name, (f"{name}.weight",), read)

    return Checkpoint(
        path="/somewhere/model.safetensors",
        layout="separate",
        family="Llama",
        width=width,
        heads=count,
        key_heads=count,
        head_dim=head_dim,
        dtype="float32",
        layers=tuple(reader(name, layer) for name, layer in zip(names, layers, strict=True)),
        left_out=left_out,
        skips_theory=skips_theory,
        rotary=rotary,
    )
