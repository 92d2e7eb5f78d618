"""Which layout is found, what layers are called, and in which rows heads begin."""

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file
from tests.checkpoints.files import llama_like, write_config
from tests.checkpoints.small_models import FAMILIES

from widthscope.checkpoints.layer_names import in_order, layer_of, short_names
from widthscope.checkpoints.layouts import LAYOUTS, HeadShape, runs
from widthscope.checkpoints.opening import open_checkpoint
from widthscope.checkpoints.settings import Checkpoint


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        ({"h.0.attn.c_attn.weight": (32, 96)}, "gpt2"),
        ({"h.0.attn.c_attn.weight": (96, 32)}, "stacked"),
        ({"blocks.0.attn.qkv.weight": (96, 32)}, "stacked"),
        ({"visual.transformer.resblocks.0.attn.in_proj_weight": (96, 32)}, "stacked"),
        ({"gpt_neox.layers.0.attention.query_key_value.weight": (96, 32)}, "per_head"),
        ({"layers.0.attention.wq.weight": (32, 32), "layers.0.attention.wk.weight": (16, 32)}, "separate"),
        ({"bert.encoder.layer.0.attention.self.query.weight": (32, 32),
          "bert.encoder.layer.0.attention.self.key.weight": (32, 32)}, "separate"),
        ({"t.blocks.0.attn1.to_q.weight": (32, 32), "t.blocks.0.attn1.to_k.weight": (32, 32)}, "separate"),
    ],
)  # fmt: skip
def test_layout_without_a_config(names: dict[str, tuple[int, int]], layout: str, tmp_path: Path) -> None:
    save_file({name: torch.ones(shape) for name, shape in names.items()}, tmp_path / "model.safetensors")
    assert open_checkpoint(tmp_path, heads=4).layout == layout


@pytest.mark.parametrize("name", ["gpt2", "llama", "bert", "vit", "t5", "gpt_neox", "bloom", "phi3"])
def test_names_and_shapes_tell_what_the_config_tells(name: str, tmp_path: Path) -> None:
    FAMILIES[name].build().save_pretrained(tmp_path)
    known = open_checkpoint(tmp_path)
    (tmp_path / "config.json").unlink()
    guessed = open_checkpoint(tmp_path, heads=4, key_heads=known.key_heads)
    assert guessed.layout == known.layout
    for own, other in zip(known.layers, guessed.layers, strict=True):
        assert own.tensors == other.tensors
        assert own.read().scale == other.read().scale
        assert own.read().norm_kind == other.read().norm_kind


def test_heads_are_told_by_a_norm_that_acts_on_one(tmp_path: Path) -> None:
    state = {**llama_like(), "model.layers.0.self_attn.q_norm.weight": torch.ones(8)}
    state["model.layers.1.self_attn.q_norm.weight"] = torch.ones(8)
    save_file(state, tmp_path / "model.safetensors")
    found = open_checkpoint(tmp_path)
    assert (found.heads, found.key_heads, found.skips_theory) == (4, 2, True)


def test_a_tower_has_its_own_section_of_the_config(tmp_path: Path) -> None:
    text = {f"text_model.{name}": weight for name, weight in llama_like().items()}
    vision = {f"vision_model.{name}": weight for name, weight in llama_like(width=48, heads=6).items()}
    save_file({**text, **vision}, tmp_path / "model.safetensors")
    sections = {"text_config": {"num_attention_heads": 4}, "vision_config": {"num_attention_heads": 6}}
    write_config(tmp_path, model_type="clip", **sections)
    assert open_checkpoint(tmp_path, part="text_model").heads == 4
    found = open_checkpoint(tmp_path, part="vision_model")
    assert (found.heads, found.family) == (6, "CLIP")


@pytest.mark.parametrize(
    ("stem", "layer"),
    [
        ("model.layers.3.self_attn", "model.layers.3"),
        ("encoder.block.0.layer.0.SelfAttention", "encoder.block.0"),
        ("layers.1.blocks.2.attn", "layers.1.blocks.2"),
        ("blocks.2.attn1", "blocks.2"),
        ("layer_7.mix", "layer_7"),
        ("attention", "attention"),
        ("", ""),
    ],
)
def test_layer_of_an_attention(stem: str, layer: str) -> None:
    assert layer_of(stem) == layer


def test_short_names() -> None:
    assert short_names(["model.layers.0.attn", "model.layers.1.attn"], []) == ["layers.0", "layers.1"]
    assert short_names(["a.b.0.attn1", "a.b.0.attn3"], []) == ["b.0 attn1", "b.0 attn3"]
    stems = ["encoder.block.0.layer.0.SelfAttention", "decoder.block.0.layer.0.SelfAttention"]
    cross = ["decoder.block.0.layer.1.EncDecAttention"]
    assert short_names(stems, cross) == ["encoder.block.0", "decoder.block.0 self"]


def test_order_is_the_models() -> None:
    stems = ["decoder.block.0.a", "encoder.block.10.a", "encoder.block.9.a"]
    assert sorted(stems, key=in_order) == stems[::-1]


def rows_of(layout: str, shape: HeadShape) -> tuple[list[int], list[int]]:
    found = LAYOUTS[layout]
    queries = [found.query_start(head, shape) // shape.head_dim for head in range(shape.heads)]
    return queries, [found.key_start(head, shape) // shape.head_dim for head in range(shape.key_heads)]


def test_first_rows_of_heads() -> None:
    grouped, plain = HeadShape(4, 2, 8, 32), HeadShape(2, 2, 8, 16)
    assert rows_of("separate", grouped) == ([0, 1, 2, 3], [0, 1])
    assert rows_of("stacked", grouped) == ([0, 1, 2, 3], [4, 5])
    assert rows_of("per_head", grouped) == ([0, 1, 4, 5], [2, 6])
    assert rows_of("per_head", plain) == ([0, 3], [1, 4])
    assert rows_of("gpt2", plain) == ([0, 1], [2, 3])


def test_rows_of_neighbouring_heads_are_read_at_once() -> None:
    assert list(runs([0, 8, 16], 8)) == [slice(0, 24)]
    assert list(runs([0, 24, 32], 8)) == [slice(0, 8), slice(24, 40)]
    assert list(runs([8, 0], 8)) == [slice(8, 16), slice(0, 8)]
    assert list(runs([], 8)) == []


def test_settings_are_the_arguments_of_opening(tmp_path: Path) -> None:
    save_file(llama_like(), tmp_path / "model.safetensors")
    names = {"query": "model.layers.{layer}.self_attn.q_proj.weight"}
    names["key"] = names["query"].replace("q_proj", "k_proj")
    asked = Checkpoint(name="mine", path=str(tmp_path), layout="pattern", heads=4, **names)
    assert open_checkpoint(**asked.model_dump(exclude={"name"})).key_heads == 2


def test_settings_name_every_layout() -> None:
    for layout in ("auto", *LAYOUTS):
        given = {"query": "q.{layer}", "key": "k.{layer}"} if layout == "pattern" else {}
        assert Checkpoint(name="a", path="b", layout=layout, **given).layout == layout


@pytest.mark.parametrize(
    "wrong",
    [
        {"layout": "pattern"},
        {"layout": "bert"},
        {"query": "blocks.attn.q"},
        {"key": "k.{layer}"},
        {"transposed": True},
        {"heads": 4, "key_heads": 3},
        {"heads": 0},
        {"name": "a name"},
        {"path": ""},
        {"scale": 0.0},
    ],
)
def test_settings_that_are_refused(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        Checkpoint(**{"name": "a", "path": "b", **wrong})
