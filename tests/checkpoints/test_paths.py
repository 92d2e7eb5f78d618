"""Paths, and what lies beside the weights: what cannot be read is refused in one sentence."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import save_file
from tests.checkpoints.files import llama_like, write_config
from tests.checkpoints.refusal import refused

from widthscope.checkpoints.opening import open_checkpoint


def folder_without_weights(folder: Path) -> Path:
    write_config(folder, model_type="llama")
    return folder


def folder_with_two_files(folder: Path) -> Path:
    save_file(llama_like(), folder / "a.safetensors")
    save_file(llama_like(), folder / "b.safetensors")
    return folder


def misspelt(folder: Path) -> Path:
    save_file(llama_like(), folder / "model.safetensors")
    return folder / "modle.safetensors"


def config_that_is_no_json(folder: Path) -> Path:
    save_file(llama_like(), folder / "model.safetensors")
    (folder / "config.json").write_text("{")
    return folder


def config_without_an_end(folder: Path) -> Path:
    save_file(llama_like(), folder / "model.safetensors")
    (folder / "config.json").write_text("[" * 100_000)
    return folder


def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "model.pt")
    return folder / "model.pt"


def a_name_too_long(folder: Path) -> Path:
    return folder / ("x" * 300)


def config_of_another_model(folder: Path) -> Path:
    save_file(llama_like(), folder / "model.safetensors")
    write_config(folder, num_attention_heads=4, hidden_size=64)
    return folder


def config_of_other_heads(folder: Path) -> Path:
    save_file(llama_like(), folder / "model.safetensors")
    write_config(folder, num_attention_heads=4, hidden_size=32, head_dim=16)
    return folder


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (folder_without_weights, "holds no weights"),
        (folder_with_two_files, "holds 2 files of weights and no index"),
        (misspelt, "does not exist; did you mean model.safetensors?"),
        (config_that_is_no_json, "cannot be read as JSON"),
        (config_without_an_end, "cannot be read as JSON"),
        (a_pipe, "is neither a file nor a folder"),
        (a_name_too_long, "cannot be read: File name too long"),
        (config_of_another_model, "is of width 64"),
        (config_of_other_heads, "says 4 heads of dimension 16, but those of"),
    ],
)
def test_paths_and_what_lies_beside_them(make: Callable[[Path], Path], said: str, tmp_path: Path) -> None:
    assert said in refused(make(tmp_path), heads=None)


@pytest.mark.parametrize("value", ["x", 0, -1, True, [], [1], {}, {"a": {}}, float("nan"), None])
def test_options_of_a_config_that_make_no_sense(value: object, tmp_path: Path) -> None:
    save_file(llama_like(key_heads=4), tmp_path / "model.safetensors")
    names = [
        "rope_parameters",
        "rope_scaling",
        "rotary_dim",
        "partial_rotary_factor",
        "query_pre_attn_scalar",
    ]
    names += ["attn_config", "clip_qkv", "attn_logit_softcapping", "pos_att_type", "text_config", "alibi"]
    for family in ("phi", "gemma2", "granite", "deberta-v2", "falcon", "mpt"):
        for name in names:
            write_config(tmp_path, **{"model_type": family, "num_attention_heads": 4, name: value})
            heads = open_checkpoint(tmp_path).layers[0].read()
            assert heads.scale > 0
