"""Small models of `transformers` at random weights, one per family."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from tests.checkpoints.module_scores import Seen, randomised, recorded
from torch import nn

TOKENS = 7
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 40,
    "vocab_size": 50,
}
GROUPED = {**SIZES, "num_key_value_heads": 2}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 50}
PICTURE = {"image_size": 12, "patch_size": 4}
OPT_LIKE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 50}
T5 = {"d_model": 32, "d_kv": 6, "d_ff": 40, "num_layers": 2, "num_heads": 4, "vocab_size": 50}


def without_relative_bias(model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        if "relative_attention_bias" in name:
            parameter.data.zero_()


def without_qk_norm(model: nn.Module) -> None:
    for module in list(model.modules()):
        if hasattr(module, "q_norm"):
            module.q_norm = module.k_norm = nn.Identity()


def without_alibi(model: nn.Module) -> None:
    def zeroed(module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        return args, {**kwargs, "alibi": torch.zeros_like(kwargs["alibi"])}

    for name, module in model.named_modules():
        if name.endswith("self_attention"):
            module.register_forward_pre_hook(zeroed, with_kwargs=True)


def without_mpt_alibi(model: nn.Module) -> None:
    built = model.build_mpt_alibi_tensor
    model.build_mpt_alibi_tensor = lambda *args, **kwargs: torch.zeros_like(built(*args, **kwargs))


def without_cap(model: nn.Module) -> None:
    for module in model.modules():
        if hasattr(module, "attn_logit_softcapping"):
            module.attn_logit_softcapping = None


@dataclass(frozen=True)
class Family:
    """A model class with its config, where its attention modules are, and what must be read from its file.

    `simplify` switches off what is left out of W, so that the score is the bilinear form; `computed_in` is
    the precision to which the module's own code rounds on the way from norm to softmax.
    """

    model: str
    config: dict[str, Any]
    stem: str
    layout: str
    config_class: str = ""
    simplify: Callable[[nn.Module], None] = lambda model: None
    inputs: str = "text"
    key_heads: int = 4
    head_dim: int = 8
    scale: float = 8**-0.5
    norm: str | None = "layer"
    computed_in: str = "float64"

    def build(self) -> nn.Module:
        """The model at random weights, in float64, with attention written out."""
        name = self.config_class or self.model.removesuffix("Model") + "Config"
        config = getattr(transformers, name)(**self.config, attn_implementation="eager")
        return randomised(getattr(transformers, self.model)(config))

    def stems(self, layers: int = 2) -> list[str]:
        return [self.stem.replace("{layer}", str(layer)) for layer in range(layers)]

    def run(self, model: nn.Module) -> None:
        """One forward pass; where positions are rotations, all tokens are at position 0."""
        generator = torch.Generator().manual_seed(1)
        if self.inputs == "picture":
            model(pixel_values=torch.randn(2, 3, 12, 12, generator=generator, dtype=torch.float64))
            return
        ids = torch.randint(0, 50, (2, TOKENS), generator=generator)
        if self.inputs == "rotated":
            # without a mask, equal positions would be taken for sequences of one token each
            together = {"attention_mask": torch.ones_like(ids), "use_cache": False}
            model(input_ids=ids, position_ids=torch.zeros_like(ids), **together)
        elif self.inputs == "pair":
            model(input_ids=ids, decoder_input_ids=ids)
        else:
            model(input_ids=ids)

    def save_and_run(self, folder: Path) -> list[Seen]:
        """Save the model as `transformers` does, and give what its layers' attentions compute."""
        model = self.build()
        model.save_pretrained(folder)
        self.simplify(model)
        with recorded(model, self.stems()) as seen:
            self.run(model)
        return [seen[stem] for stem in self.stems()]


def llama(model: str, **changes: Any) -> Family:
    """A family with Llama's names."""
    given = {"config": GROUPED, "key_heads": 2, "inputs": "rotated", "norm": "rms", "layout": "separate"}
    return Family(model, **{**given, "stem": "layers.{layer}.self_attn", **changes})


FAMILIES = {
    "gpt2": Family("GPT2Model", GPT, "h.{layer}.attn", "gpt2"),
    "gpt_neo": Family(
        "GPTNeoModel",
        {**OPT_LIKE, "num_layers": 2, "num_heads": 4, "attention_types": [[["global"], 2]]},
        "h.{layer}.attn.attention",
        "separate",
        scale=1.0,
        computed_in="float32",
    ),
    "gptj": Family(
        "GPTJModel",
        {**GPT, "rotary_dim": 4},
        "h.{layer}.attn",
        "separate",
        inputs="rotated",
        computed_in="float32",
    ),
    "opt": Family(
        "OPTModel",
        {**OPT_LIKE, "ffn_dim": 40, "word_embed_proj_dim": 32},
        "decoder.layers.{layer}.self_attn",
        "separate",
    ),
    "llama": llama("LlamaModel"),
    "mistral": llama("MistralModel"),
    "qwen2": llama("Qwen2Model"),
    "qwen3": llama("Qwen3Model", config={**GROUPED, "head_dim": 8}, simplify=without_qk_norm),
    "gemma2": llama(
        "Gemma2Model",
        config={**GROUPED, "head_dim": 8, "query_pre_attn_scalar": 16},
        simplify=without_cap,
        scale=0.25,
    ),
    "phi": llama("PhiModel", config=SIZES, key_heads=4, norm="layer"),
    "phi3": llama("Phi3Model", config={**GROUPED, "pad_token_id": 0}, layout="stacked"),
    "bert": Family("BertModel", SIZES, "encoder.layer.{layer}.attention.self", "separate"),
    "distilbert": Family(
        "DistilBertModel",
        {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 40, "vocab_size": 50},
        "transformer.layer.{layer}.attention",
        "separate",
    ),
    "vit": Family("ViTModel", {**SIZES, **PICTURE}, "layers.{layer}.attention", "separate", inputs="picture"),
    "t5": Family(
        "T5Model",
        T5,
        "encoder.block.{layer}.layer.0.SelfAttention",
        "separate",
        simplify=without_relative_bias,
        inputs="pair",
        head_dim=6,
        scale=1.0,
        norm="rms",
    ),
    "gpt_neox": Family("GPTNeoXModel", SIZES, "layers.{layer}.attention", "per_head", inputs="rotated"),
    "bloom": Family(
        "BloomModel",
        {"hidden_size": 32, "n_layer": 2, "n_head": 4, "vocab_size": 50},
        "h.{layer}.self_attention",
        "per_head",
        simplify=without_alibi,
    ),
    "falcon": Family(
        "FalconModel", SIZES, "h.{layer}.self_attention", "per_head", inputs="rotated", key_heads=1
    ),
    "falcon, grouped": Family(
        "FalconModel",
        {**SIZES, "new_decoder_architecture": True, "num_kv_heads": 2},
        "h.{layer}.self_attention",
        "per_head",
        inputs="rotated",
        key_heads=2,
    ),
    "falcon, every head": Family(
        "FalconModel",
        {**SIZES, "multi_query": False},
        "h.{layer}.self_attention",
        "per_head",
        inputs="rotated",
    ),
    "gpt_bigcode": Family("GPTBigCodeModel", GPT, "h.{layer}.attn", "stacked", key_heads=1),
    "gpt_bigcode, every head": Family(
        "GPTBigCodeModel", {**GPT, "multi_query": False}, "h.{layer}.attn", "per_head"
    ),
    "mpt": Family(
        "MptModel",
        {"d_model": 32, "n_layers": 2, "n_heads": 4, "vocab_size": 50},
        "blocks.{layer}.attn",
        "stacked",
        simplify=without_mpt_alibi,
        computed_in="float32",
    ),
    "cohere": llama("CohereModel", norm="layer", computed_in="float32"),
}
