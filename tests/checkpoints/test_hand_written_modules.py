"""Modules outside `transformers`: torch's own attention, timm's block, nanoGPT's file, and any names."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests.checkpoints.module_scores import Seen, differences, randomised, recorded
from torch import nn

from widthscope.checkpoints.opening import open_checkpoint

TOKENS = torch.randn(1, 6, 32, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


class TimmAttention(nn.Module):
    """Attention as timm's vision transformer writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(32, 96)
        self.proj = nn.Linear(32, 32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, 4, 8).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.unbind(0)
        attention = torch.nn.functional.softmax((query * 8**-0.5) @ key.transpose(-2, -1), dim=-1)
        return self.proj((attention @ value).transpose(1, 2).reshape(batch, tokens, width))


class TimmBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(32)
        self.attn = TimmAttention()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.attn(self.norm1(x))


class FindAndMatch(nn.Module):
    """Attention with names that nobody knows, its weights stored as (input, output)."""

    def __init__(self, transposed: bool) -> None:
        super().__init__()
        self.find = nn.Parameter(torch.empty(32, 32))
        self.match = nn.Parameter(torch.empty(32, 16) if transposed else torch.empty(16, 32))
        self.transposed = transposed

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        find, match = (self.find, self.match) if self.transposed else (self.find.T, self.match.T)
        query = (x @ find).unflatten(-1, (4, 8)).transpose(1, 2)
        key = (x @ match).unflatten(-1, (2, 8)).transpose(1, 2).repeat_interleave(2, dim=1)
        attention = torch.nn.functional.softmax(0.5 * query @ key.transpose(-2, -1), dim=-1)
        return x + attention.mean(1) @ x


class Stack(nn.Module):
    """Blocks one after the other."""

    def __init__(self, *blocks: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x)
        return x


def seen_in(model: nn.Module, stems: list[str], *inputs: torch.Tensor) -> list[Seen]:
    with recorded(model, stems) as seen:
        model(*(inputs or (TOKENS,)))
    return [seen[stem] for stem in stems]


def test_torch_encoder(tmp_path: Path) -> None:
    layer = nn.TransformerEncoderLayer(32, 4, 40, dropout=0.0, batch_first=True)
    model = randomised(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)).train()
    seen = []
    for number in range(2):  # the layer asks its attention for no weights, which takes a way without softmax
        module = model.layers[number].self_attn
        seen += seen_in(module, [""], TOKENS, TOKENS, TOKENS)
    torch.save(model.state_dict(), tmp_path / "encoder.pt")
    found = open_checkpoint(tmp_path / "encoder.pt", heads=4)
    assert (found.layout, [layer.name for layer in found.layers]) == ("stacked", ["layers.0", "layers.1"])
    for reader, truth in zip(found.layers, seen, strict=True):
        heads = reader.read()
        difference, tolerance = differences(heads, truth)
        assert difference <= tolerance
        assert heads.norm_gain is None  # norm1 may come before or after; the file does not tell
    assert any("does not tell" in sentence for sentence in found.left_out)


@pytest.mark.parametrize("separate", [False, True])
def test_one_multihead_attention(separate: bool, tmp_path: Path) -> None:
    module = nn.MultiheadAttention(32, 4, batch_first=True, vdim=20 if separate else None)
    randomised(module).train()
    seen = seen_in(module, [""], TOKENS, TOKENS, TOKENS[..., :20] if separate else TOKENS)[0]
    save_file(module.state_dict(), tmp_path / "attention.safetensors")
    found = open_checkpoint(tmp_path / "attention.safetensors", heads=4)
    assert found.layout == ("separate" if separate else "stacked")
    assert [layer.name for layer in found.layers] == ["attention"]
    heads = found.layers[0].read()
    difference, tolerance = differences(heads, seen)
    assert difference <= tolerance
    if not separate:
        wrong = open_checkpoint(tmp_path / "attention.safetensors", "per_head", heads=4).layers[0].read()
        assert differences(wrong, seen)[0] > 1000 * tolerance


def test_timm_blocks(tmp_path: Path) -> None:
    model = randomised(Stack(TimmBlock(), TimmBlock()))
    stems = ["blocks.0.attn", "blocks.1.attn"]
    seen = seen_in(model, stems)
    save_file(model.state_dict(), tmp_path / "vit.safetensors")
    found = open_checkpoint(tmp_path / "vit.safetensors", heads=4)
    assert (found.layout, found.family) == ("stacked", "ViT in timm's names")
    for reader, truth in zip(found.layers, seen, strict=True):
        heads = reader.read()
        difference, tolerance = differences(heads, truth)
        assert difference <= tolerance
        assert heads.norm_kind == "layer"
        assert heads.norm_gain.shape == heads.norm_bias.shape == (32,)
    wrong = open_checkpoint(tmp_path / "vit.safetensors", "per_head", heads=4).layers[0].read()
    assert differences(wrong, seen[0])[0] > 1000 * tolerance


@pytest.mark.parametrize("transposed", [False, True])
def test_any_names_by_a_pattern(transposed: bool, tmp_path: Path) -> None:
    model = randomised(Stack(*(FindAndMatch(transposed) for _ in range(11))))
    seen = seen_in(model, [f"blocks.{number}" for number in range(11)])
    save_file(model.state_dict(), tmp_path / "own.safetensors")
    names = {"query": "blocks.{layer}.find", "key": "blocks.{layer}.match"}
    found = open_checkpoint(
        tmp_path / "own.safetensors", "pattern", heads=4, scale=0.5, transposed=transposed, **names
    )
    assert found.key_heads == 2
    assert [layer.name for layer in found.layers] == [f"blocks.{number}" for number in range(11)]
    for reader, truth in zip(found.layers, seen, strict=True):
        heads = reader.read()
        difference, tolerance = differences(heads, truth)
        assert difference <= tolerance


def test_a_pattern_names_fused_weights_and_a_norm(tmp_path: Path) -> None:
    weight, gain = torch.randn(96, 32), torch.randn(32)
    save_file({"core.0.mix": weight, "core.0.pre": gain}, tmp_path / "fused.safetensors")
    found = open_checkpoint(
        tmp_path / "fused.safetensors", "per_head", heads=4, query="core.{layer}.mix", norm="core.{layer}.pre"
    )
    heads = found.layers[0].read()
    np.testing.assert_array_equal(heads.key, weight.double().numpy().reshape(4, 3, 8, 32)[:, 1])
    np.testing.assert_array_equal(heads.norm_gain, gain.double().numpy())


def test_nanogpt_file_of_a_compiled_parallel_model(tmp_path: Path) -> None:
    weight = torch.randn(96, 32)
    state = {
        f"module._orig_mod.transformer.h.{number}.attn.c_attn.weight": weight + number for number in (10, 9)
    }
    saved = {
        "model": state,
        "optimizer": {"state": {0: {"exp_avg": torch.zeros(96, 32)}}, "param_groups": [{"lr": 1e-3}]},
        "model_args": {"n_head": 4, "n_embd": 32},
        "iter_num": 7,
    }
    torch.save(saved, tmp_path / "ckpt.pt")
    found = open_checkpoint(tmp_path / "ckpt.pt")
    assert (found.layout, found.heads) == ("stacked", 4)
    assert [layer.name for layer in found.layers] == ["h.9", "h.10"]
    assert found.layers[1].tensors == ("transformer.h.10.attn.c_attn.weight",)
    expected = (weight + 10).double().numpy()[:32].reshape(4, 8, 32)
    np.testing.assert_array_equal(found.layers[1].read().query, expected)
