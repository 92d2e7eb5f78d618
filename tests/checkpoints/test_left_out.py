"""What the bilinear form leaves out is said, and theory is skipped where the score is another function."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.checkpoints.files import llama_like, write_config
from tests.checkpoints.small_models import FAMILIES

from widthscope.checkpoints.checkpoint import Checkpoint, Rotary
from widthscope.checkpoints.opening import open_checkpoint


def saved(name: str, folder: Path, **config: Any) -> Checkpoint:
    model = FAMILIES[name].build()
    for option, value in config.items():
        setattr(model.config, option, value)
    model.save_pretrained(folder)
    return open_checkpoint(folder)


@pytest.mark.parametrize(
    ("name", "said", "skips"),
    [
        ("gpt2", "The query's bias adds b_Q^T W_K x_t", False),
        ("llama", "(RoPE, half-split pairs, base 10000)", False),
        ("gptj", "(RoPE, interleaved pairs, base 10000, 4 of 8 coordinates)", False),
        ("gpt_neox", "(RoPE, half-split pairs, base 10000, 2 of 8 coordinates)", False),
        ("qwen3", "(QK-norm)", True),
        ("gemma2", "a score s becomes 50 tanh(s / 50)", True),
        ("bloom", "(ALiBi)", True),
        ("mpt", "(ALiBi)", True),
        ("t5", "learned bias of the relative position", True),
        (
            "t5",
            "Cross-attention (2 layers, such as decoder.block.0.layer.1.EncDecAttention) is left out",
            True,
        ),
    ],
)
def test_families(name: str, said: str, skips: bool, tmp_path: Path) -> None:
    found = saved(name, tmp_path)
    assert any(said in sentence for sentence in found.left_out)
    assert found.skips_theory is skips
    assert any("p-values, entropy forecast, KS distance" in line for line in found.left_out) is skips
    assert all(sentence.endswith(".") for sentence in found.left_out)


@pytest.mark.parametrize("name", ["gpt_neo", "mistral", "phi3", "falcon"])
def test_nothing_is_said_that_is_not_so(name: str, tmp_path: Path) -> None:
    found = saved(name, tmp_path)
    assert len(found.left_out) == (0 if name == "gpt_neo" else 1)
    assert not found.skips_theory


def with_config(folder: Path, **config: Any) -> Checkpoint:
    save_file(llama_like(), folder / "model.safetensors")
    write_config(folder, **{"num_attention_heads": 4, "hidden_size": 32, **config})
    return open_checkpoint(folder)


@pytest.mark.parametrize(
    ("config", "rotary"),
    [
        ({"model_type": "llama"}, Rotary("half-split", 10000.0, 8)),
        ({"model_type": "llama", "rope_theta": 5e5}, Rotary("half-split", 5e5, 8)),
        ({"model_type": "llama", "rope_parameters": {"rope_theta": 7e5}}, Rotary("half-split", 7e5, 8)),
        ({"model_type": "phi", "partial_rotary_factor": 0.5}, Rotary("half-split", 10000.0, 4)),
        ({"model_type": "gptj", "rotary_dim": 4}, Rotary("interleaved", 10000.0, 4)),
        ({"model_type": "gemma3", "rope_local_base_freq": 1e4}, Rotary("half-split", None, 8)),
        (
            {"model_type": "gemma3", "rope_parameters": {"full": {"rope_theta": 1e6}, "sliding": {}}},
            Rotary("half-split", None, 8),
        ),
        ({"model_type": "opt"}, None),
        ({"model_type": "never-heard-of"}, None),
    ],
)
def test_rotary_embedding(config: dict[str, Any], rotary: Rotary | None, tmp_path: Path) -> None:
    assert with_config(tmp_path, **config).rotary == rotary


def test_stretched_rotary_frequencies_are_said(tmp_path: Path) -> None:
    found = with_config(tmp_path, model_type="llama", rope_scaling={"rope_type": "yarn", "factor": 4.0})
    assert any("stretched by yarn" in sentence for sentence in found.left_out)


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({"model_type": "llama"}, 8**-0.5),
        ({"model_type": "granite", "attention_multiplier": 0.015625}, 0.015625),
        ({"model_type": "gemma2", "query_pre_attn_scalar": 144}, 1 / 12),
        ({"model_type": "gpt_neo"}, 1.0),
        ({"model_type": "gpt2", "scale_attn_weights": False}, 1.0),
        ({"model_type": "gpt2", "scale_attn_by_inverse_layer_idx": True}, 8**-0.5 / 2),
    ],
)
def test_scale_of_the_second_layer(config: dict[str, Any], scale: float, tmp_path: Path) -> None:
    assert with_config(tmp_path, **config).layers[1].read().scale == pytest.approx(scale, rel=1e-15)


def test_without_a_config_it_is_said_what_would_go_unnoticed(tmp_path: Path) -> None:
    save_file(llama_like(), tmp_path / "model.safetensors")
    said = " ".join(open_checkpoint(tmp_path, heads=4).left_out)
    assert "No config.json lies beside the file" in said
    assert "Whether queries and keys are rotated" in said


def test_an_unknown_family_is_named(tmp_path: Path) -> None:
    assert any(
        "'never-heard-of'" in line for line in with_config(tmp_path, model_type="never-heard-of").left_out
    )


def test_gain_of_gemma_is_stored_less_one(tmp_path: Path) -> None:
    gain = torch.randn(32)
    state = {**llama_like(), "model.layers.0.input_layernorm.weight": gain}
    save_file(state, tmp_path / "model.safetensors")
    for family, offset in (("gemma", 1.0), ("llama", 0.0)):
        write_config(tmp_path, model_type=family, num_attention_heads=4)
        found = open_checkpoint(tmp_path)
        read = found.layers[0].read().norm_gain
        assert read is not None
        assert read.tolist() == (gain.double() + offset).tolist()
        assert any("in front of attention in 1 of 2 layers" in sentence for sentence in found.left_out)
