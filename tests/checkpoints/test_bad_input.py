"""What cannot be read is refused in one clear sentence, and nothing in it is executed."""

import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tests.checkpoints.files import llama_like, write_config, write_index, write_malicious, write_sparse

from widthscope.checkpoints.opening import open_checkpoint
from widthscope.errors import CheckpointError

QUERY = "model.layers.0.self_attn.q_proj.weight"
KEY = "model.layers.0.self_attn.k_proj.weight"
KEYS = "model.layers.{layer}.self_attn.k_proj.weight"


def read_all(path: Path, **how: object) -> None:
    for layer in open_checkpoint(path, **how).layers:
        layer.read()


def refused(path: Path, **how: object) -> str:
    """The sentence; it is one, and it names the file."""
    with pytest.raises(CheckpointError) as error:
        read_all(path, **{"heads": 4, **how})
    sentence = str(error.value)
    assert "\n" not in sentence
    assert not sentence.endswith(".")
    assert ". " not in sentence.replace("torch.save(model.state_dict(), ...)", "")
    assert len(sentence) < 400 + 3 * len(str(path))
    return sentence


@pytest.mark.parametrize("kind", ["zip", "legacy", "pickle"])
def test_a_pickle_that_runs_code_is_not_run(kind: str, tmp_path: Path) -> None:
    path, marker = tmp_path / "model.pt", tmp_path / "executed"
    write_malicious(path, marker, kind)
    sentence = refused(path)
    assert not marker.exists()
    assert "not a plain state dict" in sentence
    assert "nothing in it was executed" in sentence
    if kind == "pickle":
        with path.open("rb") as file:
            pickle.load(file)
        assert marker.exists()  # the payload was live


def test_a_whole_model_is_not_unpickled(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(3, 3), tmp_path / "model.pt")
    assert "loading it would call torch.nn.modules.linear.Linear" in refused(tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("value", "kind"), [([torch.ones(2)], "a list"), (torch.ones(2, 2), "a Tensor"), (3, "an int")]
)
def test_something_else_than_named_tensors(value: object, kind: str, tmp_path: Path) -> None:
    torch.save(value, tmp_path / "model.pt")
    assert f"holds {kind}, not a state dict" in refused(tmp_path / "model.pt")


def test_a_state_dict_without_tensors(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "loss": 0.5}, tmp_path / "model.pt")
    assert "holds no tensor" in refused(tmp_path / "model.pt")


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.01, 0.5, 0.999])
@pytest.mark.parametrize("kind", ["safetensors", "pt"])
def test_a_file_that_was_cut_off(kind: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / f"model.{kind}"
    (save_file if kind == "safetensors" else torch.save)(llama_like(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    sentence = refused(path)
    if share == 0:
        assert sentence == f"{path} is empty"
    elif kind == "safetensors":
        assert "not a sound safetensors file" in sentence
    else:
        assert "cut off" in sentence or "not a plain state dict" in sentence


def test_a_safetensors_file_whose_header_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    for content in (
        b"\x10" + bytes(7) + b"{'not': 'json'}..",
        b"hello, this is text and not a header",
        bytes(64),
    ):
        path.write_bytes(content)
        assert "not a sound safetensors file" in refused(path)


@pytest.mark.parametrize(
    "content", [b"hello", b"PK\x03\x04 but no archive", b"\x80\x02nonsense", b"GGUF1234"]
)
def test_a_file_of_another_kind(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    refused(path)


def test_a_missing_shard(tmp_path: Path) -> None:
    state = llama_like()
    save_file(dict(list(state.items())[:2]), tmp_path / "a.safetensors")
    index = write_index(
        tmp_path, {name: "a.safetensors" if "0" in name else "b.safetensors" for name in state}
    )
    sentence = refused(tmp_path)
    assert "b.safetensors is missing" in sentence
    assert index.name in sentence


def test_a_shard_that_lacks_a_tensor(tmp_path: Path) -> None:
    state = llama_like()
    save_file({QUERY: state[QUERY]}, tmp_path / "a.safetensors")
    write_index(tmp_path, dict.fromkeys(state, "a.safetensors"))
    assert f"the index lists {KEY}, but no shard holds it" in refused(tmp_path)


@pytest.mark.parametrize("name", ["../a.safetensors", "/etc/passwd", ".."])
def test_an_index_that_points_elsewhere(name: str, tmp_path: Path) -> None:
    write_index(tmp_path, {QUERY: name})
    assert "not a file beside it" in refused(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"weight_map": {}}'])
def test_an_index_that_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(text)
    refused(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("kind", ["safetensors", "pt"])
def test_weights_that_are_not_finite(value: float, kind: str, tmp_path: Path) -> None:
    state = {name: weight.bfloat16() for name, weight in llama_like().items()}
    state[KEY.replace("0", "1")][3, 4] = value
    path = tmp_path / f"model.{kind}"
    (save_file if kind == "safetensors" else torch.save)(state, path)
    sentence = refused(path)
    assert KEY.replace("0", "1") in sentence
    assert ("NaN" if value != value else "infinite") in sentence


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


def repeated(weight: torch.Tensor) -> torch.Tensor:
    """A matrix that claims as many numbers as the given one and stores a single one."""
    return weight[:1, :1].clone().expand(weight.shape)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (torch.Tensor.to_sparse, "is stored as sparse float32;"),
        (lambda weight: torch.nested.nested_tensor([weight[0], weight[1]]), "no attention"),
        (lambda weight: weight.to("meta"), "is stored as float32 without values;"),
        (repeated, "is stored as float32 of which one is repeated;"),
        (lambda weight: weight.to(torch.complex64), "is stored as complex64;"),
    ],
)
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_tensors_that_are_no_plain_matrices(
    changed: Callable[[torch.Tensor], torch.Tensor], said: str, tmp_path: Path
) -> None:
    whole = {name: changed(weight) if "q_proj" in name else weight for name, weight in llama_like().items()}
    torch.save(whole, tmp_path / "model.pt")
    assert said in refused(tmp_path / "model.pt")


def test_containers_that_hold_themselves_or_are_held_often(tmp_path: Path) -> None:
    around: dict = {}
    around["model"] = around
    torch.save(around, tmp_path / "model.pt")
    assert "holds no tensor" in refused(tmp_path / "model.pt")
    many: dict = {"w": torch.ones(2, 2)}
    for _ in range(60):
        many = {"a": many, "b": many}
    torch.save({**many, **llama_like()}, tmp_path / "model.pt")
    read_all(tmp_path / "model.pt", heads=4)


def test_quantised_weights(tmp_path: Path) -> None:
    whole = {name: weight.to(torch.int8) for name, weight in llama_like().items()}
    save_file(whole, tmp_path / "model.safetensors")
    assert "quantised" in refused(tmp_path)
    scaled = {name: weight.to(torch.float8_e4m3fn) for name, weight in llama_like().items()}
    save_file({**scaled, f"{QUERY}_scale_inv": torch.ones(1, 1)}, tmp_path / "model.safetensors")
    assert "to be multiplied by" in refused(tmp_path)


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


def test_a_file_that_changes_between_opening_and_reading(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file(llama_like(), path)
    layer = open_checkpoint(path, heads=4).layers[0]
    save_file(llama_like(layers=3), path)
    with pytest.raises(CheckpointError, match="changed after it was opened"):
        layer.read()


def test_zeros_are_read_though_they_are_no_model(tmp_path: Path) -> None:
    write_sparse(tmp_path / "model.safetensors", dict.fromkeys((QUERY, KEY), (32, 32)), "F16", 2)
    assert not open_checkpoint(tmp_path, heads=4).layers[0].read().query.any()


@pytest.mark.parametrize("kind", ["safetensors", "zip", "legacy"])
def test_damaged_bytes_end_in_weights_or_in_a_sentence(kind: str, tmp_path: Path) -> None:
    path = tmp_path / ("model.safetensors" if kind == "safetensors" else "model.pt")
    state = {name: weight[:, :8].contiguous() for name, weight in llama_like(1).items()}
    if kind == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
    whole, generator, refusals = path.read_bytes(), random.Random(0), 0
    for _ in range(150):
        damaged = bytearray(whole)
        damaged[generator.randrange(400)] = generator.randrange(256)
        path.write_bytes(damaged)
        try:
            read_all(path, heads=4)
        except CheckpointError:
            refusals += 1
    assert refusals > 10


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
