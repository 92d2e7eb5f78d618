"""The sizes that a model's ``config.json`` gives, under the several names that families have for them."""

import math
from collections.abc import Mapping
from typing import Any

from widthscope.checkpoints.checkpoint import Rotary
from widthscope.checkpoints.families import Family

HEADS = ("num_attention_heads", "n_head", "num_heads", "n_heads")
KEY_HEADS = ("num_key_value_heads", "num_kv_heads", "n_kv_heads", "multi_query_group_num")
HEAD_DIM = ("head_dim", "d_kv", "kv_channels")
TOWERS = ("text", "vision", "audio")


class ModelConfig:
    """One model's config, or the section of it that describes the tensors of one tower."""

    def __init__(self, values: Mapping[str, Any], stem: str = "") -> None:
        sections = {tower: values.get(f"{tower}_config") for tower in TOWERS}
        named = [tower for tower in TOWERS if tower in stem and isinstance(sections[tower], Mapping)]
        tower = named[0] if named else "text" if isinstance(sections["text"], Mapping) else None
        self.values = {**values, **sections[tower]} if tower else dict(values)  # type: ignore[dict-item]
        self.stem = stem

    def __bool__(self) -> bool:
        return bool(self.values)

    def __getitem__(self, name: str) -> Any:
        """The value of an option, None if it is not there."""
        return self.values.get(name)

    @property
    def model_type(self) -> str | None:
        """The family's name in transformers."""
        found = self["model_type"]
        return found if isinstance(found, str) and found else None

    @property
    def heads(self) -> int | None:
        """Query heads per layer; encoders and decoders may differ."""
        side = "decoder" if "decoder" in self.stem else "encoder"
        return self._first((f"{side}_attention_heads", *HEADS))

    @property
    def key_heads(self) -> int | None:
        """Key heads per layer, None where the config leaves it to the number of heads or the shapes."""
        if self["multi_query"] is True and not self["new_decoder_architecture"]:
            return 1  # the first Falcon's num_kv_heads does not say so
        nested = self.attention._first(("kv_n_heads",)) if self["attn_config"] else None
        if nested:
            return nested
        if self.model_type == "falcon" and not self["new_decoder_architecture"]:
            return self.heads
        return self._first(KEY_HEADS)

    @property
    def head_dim(self) -> int | None:
        """Head dimension, where the config says it."""
        return self._first(HEAD_DIM)

    def number(self, name: str) -> float | None:
        """The value of an option that is a finite number other than 0."""
        value = self[name]
        return float(value) if _is_number(value) and value else None

    @property
    def attention(self) -> "ModelConfig":
        """The section on attention, which MPT has."""
        nested = self["attn_config"]
        return ModelConfig(nested if isinstance(nested, Mapping) else {})

    def scale(self, family: Family, head_dim: int, layer: int) -> float:
        """The model's factor of q . k; 1/sqrt(head_dim) unless it says otherwise."""
        before = self.number("query_pre_attn_scalar")
        multiplier = self.number("attention_multiplier") if family.label == "Granite" else None
        own = multiplier or self.attention.number("softmax_scale")
        if family.unscaled or self["scale_attn_weights"] is False:
            scale = 1.0
        elif before and before > 0:
            scale = before**-0.5
        elif own:
            scale = own
        elif family.disentangled:
            kinds = self["pos_att_type"] if isinstance(self["pos_att_type"], str | list) else ()
            scale = (head_dim * (1 + sum(kind in kinds for kind in ("c2p", "p2c")))) ** -0.5
        else:
            scale = head_dim**-0.5
        return scale / (layer + 1) if self["scale_attn_by_inverse_layer_idx"] is True else scale

    def rotary(self, family: Family, head_dim: int) -> Rotary | None:
        """The rotary embedding, if the family has one whose pairing is known."""
        if family.pairing is None or self["alibi"] is True:
            return None
        given = self["rope_parameters"]
        nested = isinstance(given, Mapping) and any(isinstance(value, Mapping) for value in given.values())
        rope = ModelConfig(given if isinstance(given, Mapping) and not nested else {})
        base = rope.number("rope_theta") or self.number("rope_theta") or self.number("rotary_emb_base")
        if base is None and self:
            base = family.base
        share = rope.number("partial_rotary_factor") or self.number("partial_rotary_factor")
        dims = self._first(("rotary_dim",)) or int(head_dim * (share or self.number("rotary_pct") or 1.0))
        two_bases = nested or self["rope_local_base_freq"] is not None
        return Rotary(family.pairing, None if two_bases else base, dims)

    @property
    def rope_scaling(self) -> str | None:
        """Name of the rule that stretches the rotary frequencies for long texts, if one is set."""
        for found in (self["rope_parameters"], self["rope_scaling"]):
            if isinstance(found, Mapping):
                kind = found.get("rope_type", found.get("type"))
                if isinstance(kind, str) and kind != "default":
                    return kind
        return None

    def _first(self, names: tuple[str, ...]) -> int | None:
        for name in names:
            value = self[name]
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
