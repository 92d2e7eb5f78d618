"""What does not fit together, in the file or with what the user asks, is refused in one sentence."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tests.checkpoints.files import llama_like
from tests.checkpoints.refusal import KEY, KEYS, QUERY, refused

from widthscope.checkpoints.opening import open_checkpoint


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"heads": 5}, "5 heads do not divide the 32 rows"),
        ({"heads": 64}, "64 heads do not divide the 32 rows"),
        ({"key_heads": 4}, "which is 2 key heads, not 4"),
        ({"heads": None}, "give heads"),
        ({"layout": "seperate"}, "did you mean separate?"),
        ({"layout": "qwertyuiop"}, "layouts are auto, gpt2, separate, stacked, per_head, pattern"),
        ({"layout": "gpt2"}, "in layout gpt2"),
        ({"layout": "pattern"}, "needs the names"),
        ({"query": "model.layers.{layer}.self_attn.q_proj.weight"}, "needs both name patterns"),
        ({"query": "layers.{layer}.q_proj.weight", "key": "k.{layer}"}, "nearest are model.layers.{layer}"),
        (
            {"query": "model.layers.{layer}.self_attn.q_proj.weight", "key": "k.{layer}"},
            "no matrix is named k.0",
        ),
        (
            {"query": "model.layers.{layer}.self_attn.q_proj.weight", "key": KEYS, "layout": "stacked"},
            "layout stacked has queries and keys in one tensor, but query names",
        ),
        ({"query": KEYS, "key": KEYS, "layout": "pattern"}, "query and key both name model.layers.{layer}"),
        ({"part": "decoder"}, "no tensor's name begins with decoder"),
    ],
)
def test_what_the_user_asks_for_does_not_fit(how: dict, said: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file(llama_like(), path)
    assert said in refused(path, **how)


def test_key_heads_that_query_heads_cannot_share(tmp_path: Path) -> None:
    save_file({QUERY: torch.randn(32, 32), KEY: torch.randn(24, 32)}, tmp_path / "model.safetensors")
    assert "3 key heads cannot be shared by 4" in refused(tmp_path)


@pytest.mark.parametrize(
    ("key", "said"), [((32, 48), "different width"), ((12, 32), "not a whole number of heads of dimension 8")]
)
def test_shapes_of_queries_and_keys_disagree(key: tuple[int, int], said: str, tmp_path: Path) -> None:
    save_file({QUERY: torch.randn(32, 32), KEY: torch.randn(key)}, tmp_path / "model.safetensors")
    sentence = refused(tmp_path)
    assert said in sentence
    assert str(key) in sentence


def fused(rows: int) -> dict[str, torch.Tensor]:
    return {"transformer.h.0.self_attention.query_key_value.weight": torch.randn(rows, 32)}


def test_two_layouts_fit_and_both_are_named(tmp_path: Path) -> None:
    save_file(fused(64), tmp_path / "model.safetensors")
    sentence = refused(tmp_path)
    assert "per_head" in sentence
    assert "stacked" in sentence
    assert "give key_heads" in refused(tmp_path, layout="per_head")
    assert open_checkpoint(tmp_path, "per_head", heads=4, key_heads=2).head_dim == 8
    assert "do not divide the 64 rows" in refused(tmp_path, layout="per_head", key_heads=3)


def test_models_of_two_sizes_in_one_file(tmp_path: Path) -> None:
    state = {f"text.{name}": weight for name, weight in llama_like().items()}
    state |= {f"vision.{name}": weight for name, weight in llama_like(width=48).items()}
    save_file(state, tmp_path / "model.safetensors")
    sentence = refused(tmp_path)
    assert "text.model.layers (2 of width 32" in sentence
    assert "vision.model.layers (2 of width 48" in sentence
    assert open_checkpoint(tmp_path, heads=4, part="vision").width == 48


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"conv.weight": torch.ones(3, 3, 3, 3), "head.weight": torch.ones(4, 3)}, "holds no attention"),
        ({f"h.0.encoder_attn.{name}_proj.weight": torch.ones(4, 4) for name in "qk"}, "cross-attention only"),
        ({f"h.0.attn.{name}_proj.weight": torch.ones(4, 4) for name in ("q", "kv_a")}, "latent attention"),
        ({"h.0.attn.qkv_proj.weight": torch.ones(12, 4)}, "--query 'h.{layer}.attn.qkv_proj.weight' and"),
    ],
)  # fmt: skip
def test_a_file_without_attention_that_can_be_analysed(state: dict, said: str, tmp_path: Path) -> None:
    save_file(state, tmp_path / "model.safetensors")
    assert said in refused(tmp_path)


def layers_of(**shapes: tuple[int, int]) -> dict[str, torch.Tensor]:
    """Two layers of matrices of these names and shapes."""
    return {
        f"net.{layer}.{name}.weight": torch.ones(shape) for layer in (0, 1) for name, shape in shapes.items()
    }


@pytest.mark.parametrize(
    "how", [{}, {"layout": "stacked"}, {"query": "net.{layer}.W.weight"}], ids=["auto", "layout", "query"]
)
def test_a_fused_matrix_of_an_unknown_name_is_named_with_what_reads_it(how: dict, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file(layers_of(W=(96, 32), out=(32, 32), up=(128, 32), down=(32, 128)), path)
    sentence = refused(path, **how)
    assert "--query 'net.{layer}.W.weight' and --layout stacked or per_head" in sentence
    assert open_checkpoint(path, "stacked", heads=4, query="net.{layer}.W.weight").head_dim == 8


def test_a_fused_matrix_that_is_stored_the_other_way_round(tmp_path: Path) -> None:
    save_file(layers_of(W=(32, 96), out=(32, 32)), tmp_path / "model.safetensors")
    assert "and --layout gpt2" in refused(tmp_path)
    assert open_checkpoint(tmp_path, "gpt2", heads=4, query="net.{layer}.W.weight").head_dim == 8


def test_queries_and_keys_of_unknown_names_are_both_proposed(tmp_path: Path) -> None:
    shapes = dict.fromkeys(("oo", "vv", "qq", "kk"), (32, 32))
    save_file(layers_of(up=(96, 32), down=(32, 96), **shapes), tmp_path / "model.safetensors")
    sentence = refused(tmp_path)
    assert "such as net.{layer}.kk.weight, net.{layer}.qq.weight, net" in sentence
    assert "--layout" not in sentence


def test_layers_of_one_matrix_each_propose_nothing(tmp_path: Path) -> None:
    state = {f"{place}.weight": torch.ones(rows, 32) for place, rows in ((0, 96), (2, 32), (4, 32))}
    save_file(state, tmp_path / "model.safetensors")
    sentence = refused(tmp_path)
    assert "3 of them matrices; if" in sentence
    assert "{layer}.weight" not in sentence
