"""Model families: what ``model_type`` says about a model that its weights do not.

Sizes and options come from the model's config; this table has what the families' code fixes.
"""

import re
from dataclasses import dataclass, replace

from widthscope.checkpoints.checkpoint import NormKind, Pairing


@dataclass(frozen=True)
class Family:
    """What is fixed for a family of models.

    Attributes:
        label: the family in words.
        layout: how it stores queries and keys.
        pairing: how it pairs coordinates for rotary positions; None if it has none, or it is not known.
        known: whether what is left out of its scores is known; if not, that is said.
        base: of the rotary frequencies, where the config does not say.
        alibi: whether scores get a bias that is linear in the offset.
        relative_bias: whether scores get a learned bias of the offset.
        disentangled: whether scores have further products of contents and offsets.
        unscaled: whether scores have no factor 1/sqrt(d_h).
        bare_norm: what a norm without a bias is.
        gain_offset: what is added to the stored gain of the norm.
        post_norm: whether the norm beside attention comes after it.
        unsure_norms: names of norms that may come before or after attention, which the file does not tell.
    """

    label: str
    layout: str = "separate"
    pairing: Pairing | None = None
    known: bool = True
    base: float = 10000.0
    alibi: bool = False
    relative_bias: bool = False
    disentangled: bool = False
    unscaled: bool = False
    bare_norm: NormKind = "rms"
    gain_offset: float = 0.0
    post_norm: bool = False
    unsure_norms: tuple[str, ...] = ()


_LLAMA = Family("Llama", pairing="half-split")
_GEMMA = replace(_LLAMA, label="Gemma", gain_offset=1.0)
_BERT = Family("BERT", bare_norm="layer")
_VIT = Family("ViT", bare_norm="layer")
_T5 = Family("T5", relative_bias=True, unscaled=True)
_NEOX = Family("GPT-NeoX", "per_head", "half-split", bare_norm="layer")

FAMILIES: dict[str, Family] = {
    "gpt2": Family("GPT-2", "gpt2", bare_norm="layer"),
    "openai-gpt": Family("GPT", "gpt2", bare_norm="layer", post_norm=True),
    "imagegpt": Family("ImageGPT", "gpt2"),
    "gpt_bigcode": Family("StarCoder", "stacked", bare_norm="layer"),
    "gpt_neo": Family("GPT-Neo", unscaled=True, bare_norm="layer"),
    "gptj": Family("GPT-J", pairing="interleaved", bare_norm="layer"),
    "gpt_neox": _NEOX,
    "bloom": Family("BLOOM", "per_head", alibi=True, bare_norm="layer"),
    "falcon": Family("Falcon", "per_head", "half-split", bare_norm="layer"),
    "mpt": Family("MPT", "stacked", bare_norm="layer"),
    "opt": Family("OPT", bare_norm="layer"),
    "bart": Family("BART", bare_norm="layer", post_norm=True),
    "mbart": Family("mBART", bare_norm="layer"),
    "pegasus": Family("Pegasus", bare_norm="layer"),
    "whisper": Family("Whisper", bare_norm="layer"),
    "llama": _LLAMA,
    "mistral": replace(_LLAMA, label="Mistral"),
    "mixtral": replace(_LLAMA, label="Mixtral", base=1e6),
    "qwen2": replace(_LLAMA, label="Qwen2"),
    "qwen2_moe": replace(_LLAMA, label="Qwen2"),
    "qwen3": replace(_LLAMA, label="Qwen3"),
    "qwen3_moe": replace(_LLAMA, label="Qwen3"),
    "olmo": replace(_LLAMA, label="OLMo", bare_norm="layer"),
    "olmo2": replace(_LLAMA, label="OLMo 2"),
    "granite": replace(_LLAMA, label="Granite"),
    "stablelm": replace(_LLAMA, label="StableLM", bare_norm="layer"),
    "starcoder2": replace(_LLAMA, label="StarCoder2", bare_norm="layer"),
    "cohere": Family("Cohere", pairing="interleaved", bare_norm="layer", base=5e5),
    "gemma": _GEMMA,
    "gemma2": replace(_GEMMA, label="Gemma 2"),
    "gemma3": replace(_GEMMA, label="Gemma 3", base=1e6),
    "gemma3_text": replace(_GEMMA, label="Gemma 3", base=1e6),
    "phi": Family("Phi", pairing="half-split", bare_norm="layer"),
    "phi3": replace(_LLAMA, label="Phi-3", layout="stacked"),
    "internlm2": replace(_LLAMA, label="InternLM2", layout="per_head"),
    "bert": _BERT,
    "roberta": replace(_BERT, label="RoBERTa"),
    "xlm-roberta": replace(_BERT, label="XLM-RoBERTa"),
    "camembert": replace(_BERT, label="CamemBERT"),
    "electra": replace(_BERT, label="ELECTRA"),
    "albert": replace(_BERT, label="ALBERT"),
    "distilbert": replace(_BERT, label="DistilBERT"),
    "deberta": replace(_BERT, label="DeBERTa", disentangled=True),
    "deberta-v2": replace(_BERT, label="DeBERTa", disentangled=True),
    "modernbert": Family("ModernBERT", "stacked", "half-split", bare_norm="layer"),
    "vit": _VIT,
    "deit": replace(_VIT, label="DeiT"),
    "dinov2": replace(_VIT, label="DINOv2"),
    "beit": replace(_VIT, label="BEiT", relative_bias=True),
    "clip": replace(_VIT, label="CLIP"),
    "clip_text_model": replace(_VIT, label="CLIP"),
    "clip_vision_model": replace(_VIT, label="CLIP"),
    "siglip": replace(_VIT, label="SigLIP"),
    "t5": _T5,
    "mt5": replace(_T5, label="mT5"),
    "umt5": replace(_T5, label="UMT5"),
    "longt5": replace(_T5, label="LongT5"),
}
"""By the ``model_type`` of transformers' config.json."""

_BY_NAMES: tuple[tuple[str, str], ...] = (
    (r"SelfAttention\.q\.weight$", "t5"),
    (r"attn\.attention\.q_proj\.weight$", "gpt_neo"),
    (r"attention\.attention\.query\.weight$", "vit"),
    (r"layer\.\d+\.attention\.self\.query\.weight$", "bert"),
    (r"attention\.q_lin\.weight$", "distilbert"),
    (r"query_proj\.weight$", "deberta-v2"),
    (r"word_embeddings_layernorm\.weight$", "bloom"),
    (r"layers\.\d+\.attention\.query_key_value\.weight$", "gpt_neox"),
)
"""Names that only one family has, for files without a config."""

_LIKE: tuple[tuple[str, Family], ...] = (
    (
        r"attention\.wq\.weight$",
        Family("Llama in Meta's own names", pairing="interleaved", known=False),
    ),
    (r"attn\.c_attn\.weight$", Family("GPT-2 or nanoGPT", "gpt2", bare_norm="layer")),
    (r"blocks\.\d+\.attn\.qkv\.weight$", Family("ViT in timm's names", "stacked", bare_norm="layer")),
    (
        r"in_proj_weight$",
        Family("nn.MultiheadAttention", "stacked", bare_norm="layer", unsure_norms=("norm1",)),
    ),
    (r"[qk]_proj_weight$", Family("nn.MultiheadAttention", bare_norm="layer", unsure_norms=("norm1",))),
    (r"self_attn\.qkv_proj\.weight$", Family("names like Phi-3's", "stacked", known=False)),
    (
        r"self_attn\.q_proj\.weight$",
        Family("names like Llama's", known=False, unsure_norms=("self_attn_layer_norm",)),
    ),
)
"""Names that several families share."""


def family_of(model_type: str | None, names: list[str]) -> tuple[Family, bool]:
    """The family of a model, and whether its scores are known beyond what its weights show.

    Args:
        model_type: what ``config.json`` says, None if there is none.
        names: names of the tensors; searched where the config does not tell.
    """
    if model_type in FAMILIES:
        return FAMILIES[model_type], True
    if model_type:
        return Family(model_type, known=False), False
    for pattern, known in _BY_NAMES:
        if any(re.search(pattern, name) for name in names):
            return FAMILIES[known], True
    for pattern, family in _LIKE:
        if any(re.search(pattern, name) for name in names):
            return family, family.known
    return Family("unknown", known=False), False
