"""The norm whose output enters an attention: where its gain is, and what kind of norm it is."""

import re
from dataclasses import dataclass

from widthscope.checkpoints.checkpoint import NormKind
from widthscope.checkpoints.families import Family
from widthscope.checkpoints.layouts import Shapes

BEFORE = (
    "input_layernorm",
    "ln_attn",
    "ln_1",
    "layernorm_before",
    "layer_norm1",
    "norm1",
    "norm_1",
    "attention_norm",
    "attn_norm",
    "self_attn_layer_norm",
    "layer.0.layer_norm",
    "attention.LayerNorm",
)
"""Names of a norm before attention, relative to its layer."""

EARLIER = ("output.LayerNorm", "output_layer_norm", "full_layer_layer_norm")
"""Names of the norm that ends the layer before, in models that norm after each residual sum (BERT)."""


@dataclass(frozen=True)
class Norm:
    """A norm's tensors: gain (stored less ``offset``), bias or None, and its kind."""

    gain: str
    bias: str | None
    kind: NormKind
    offset: float


def norm_before(layer: str, shapes: Shapes, width: int, family: Family) -> Norm | None:
    """The norm in front of a layer's attention, None if the file does not tell.

    Args:
        layer: what the layer's names begin with, its number at the end.
        shapes: shape of every tensor.
        width: width of a token; a norm of another width is not in front of this attention.
        family: what the family's code fixes.
    """
    names = (
        [] if family.post_norm else [f"{layer}.{name}" for name in BEFORE if name not in family.unsure_norms]
    )
    split = re.fullmatch(r"(.*?)(\d+)", layer)
    if split and any(f"{layer}.{name}.weight" in shapes for name in EARLIER):
        number = int(split[2])
        root = re.sub(r"(?:encoder|transformer)\.layer\.$", "", split[1])
        names = (
            [f"{split[1]}{number - 1}.{name}" for name in EARLIER]
            if number
            else [f"{root}embeddings.LayerNorm"]
        )
    for name in names:
        if shapes.get(f"{name}.weight") == (width,):
            return norm_of(f"{name}.weight", shapes, family)
    return None


def norm_of(gain: str, shapes: Shapes, family: Family) -> Norm:
    """The norm that a gain belongs to; only LayerNorm has a bias, without one the family decides."""
    bias = gain.removesuffix("weight") + "bias"
    found = bias if bias in shapes else None
    return Norm(gain, found, "layer" if found else family.bare_norm, family.gain_offset)
