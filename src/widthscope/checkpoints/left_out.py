"""What the bilinear form of queries and keys leaves out of a model's scores, said in sentences."""

import re
from dataclasses import dataclass

from widthscope.checkpoints.checkpoint import Rotary
from widthscope.checkpoints.detection import Found
from widthscope.checkpoints.families import Family
from widthscope.checkpoints.layouts import HeadShape, Shapes
from widthscope.checkpoints.model_config import ModelConfig

QK_NORM = re.compile(
    r"(?:^|[._])(?:q_norm|k_norm|query_norm|q_layernorm|k_layernorm|ln_q|ln_k|q_ln|k_ln)(?:\.|$)"
)
RELATIVE = re.compile(r"(?:relative_attention_bias|relative_position_bias_table|rel_pos_[hw]|relative_key)")

NO_THEORY = (
    "What W alone predicts does not hold then: p-values, entropy forecast, KS distance, outliers and the "
    "largest eigenvalue are left out."
)
"""Said with what makes the score another function; columns: `widthscope.checkpoints.analysis.THEORY`."""


@dataclass(frozen=True)
class LeftOut:
    """Sentences, and whether any of them means that the score is not the bilinear form of W."""

    sentences: tuple[str, ...]
    skips_theory: bool


def left_out(
    found: Found, shapes: Shapes, family: Family, config: ModelConfig, rotary: Rotary | None, sizes: HeadShape
) -> LeftOut:
    """Collect them from the family, the config and the tensors that are there."""
    beside = _beside(found, shapes)
    outside = _outside(beside, family, config)
    said = [*outside, *([NO_THEORY] if outside else []), *_positions(beside, family, config, rotary, sizes)]
    if any(one.query_bias for one in found.weights):
        said.append(
            "The query's bias adds b_Q^T W_K x_t to the scores, which is not part of W; "
            "the key's bias changes no attention weight."
        )
    if found.cross:
        said.append(
            f"Cross-attention ({len(found.cross)} layers, such as {found.cross[0]}) is left out: "
            "its queries and keys come from different sequences."
        )
    if not config and not family.known:
        said.append(
            "No config.json lies beside the file, so norms of queries and keys without a gain, soft-capping "
            "and another scale than 1/sqrt(head_dim) would go unnoticed."
        )
    elif not family.known:
        said.append(
            f"The family {family.label!r} is not known: what else its code does to scores goes unnoticed."
        )
    return LeftOut(tuple(said), bool(outside))


def _outside(beside: list[str], family: Family, config: ModelConfig) -> list[str]:
    """What makes the score another function than the bilinear form."""
    said = []
    flags = any(config[flag] is True for flag in ("use_qk_norm", "qk_layernorm", "qk_ln", "qk_norm"))
    if flags or any(QK_NORM.search(name) for name in beside):
        said.append(
            "Queries and keys are normed before their product (QK-norm), so W is not the score's matrix."
        )
    if family.alibi or config["alibi"] is True or config.attention["alibi"] is True:
        said.append("A bias that is linear in the distance of two tokens (ALiBi) is added to the scores.")
    if family.relative_bias or any(RELATIVE.search(name) for name in beside):
        said.append("A learned bias of the relative position is added to the scores.")
    if str(config["position_embedding_type"]).startswith("relative"):
        said.append(
            "Products of queries or keys with embeddings of the relative position are added to the scores."
        )
    if family.disentangled:
        said.append(
            "Products of contents with relative positions (disentangled attention) are added to the scores."
        )
    cap = config.number("attn_logit_softcapping")
    if cap:
        said.append(f"Scores are soft-capped: a score s becomes {cap:g} tanh(s / {cap:g}).")
    clip = config.number("clip_qkv") or config.attention.number("clip_qkv")
    if clip:
        said.append(f"Queries and keys are clipped to [-{clip:g}, {clip:g}] before their product.")
    if any(name.endswith("sinks") for name in beside):
        said.append("A learned score that belongs to no key (attention sink) enters the softmax.")
    return said


def _positions(
    beside: list[str], family: Family, config: ModelConfig, rotary: Rotary | None, sizes: HeadShape
) -> list[str]:
    if rotary:
        base = (
            "a base that layers or the config leave open" if rotary.base is None else f"base {rotary.base:g}"
        )
        stretched = f", stretched by {config.rope_scaling}" if config.rope_scaling else ""
        share = "" if rotary.dims == sizes.head_dim else f", {rotary.dims} of {sizes.head_dim} coordinates"
        return [
            f"Queries and keys are rotated by their positions (RoPE, {rotary.pairing} pairs, {base}{share}"
            f"{stretched}); W is the matrix for two tokens at the same position."
        ]
    if str(config["position_embedding_type"]) == "rotary" or any("rotary" in name for name in beside):
        return ["Queries and keys are rotated by their positions (RoPE); W is the matrix at equal positions."]
    if not family.known:
        return [
            "Whether queries and keys are rotated by their positions (RoPE) is not stored with the weights; "
            "if they are, W is the matrix for two tokens at the same position."
        ]
    return []


def _beside(found: Found, shapes: Shapes) -> list[str]:
    """Names of the tensors of the attentions that are read, their own weights and those next to them."""
    stems = {one.stem for one in found.weights} | {one.stem.rpartition(".")[0] for one in found.weights}
    return [name for name in shapes if any(part in stems for part in _prefixes(name))]


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]
