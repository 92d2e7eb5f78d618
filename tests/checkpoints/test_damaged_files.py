"""Files that are damaged or are something else: refused in one sentence, and nothing in them is executed."""

import pickle
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tests.checkpoints.files import llama_like, write_index, write_malicious, write_sparse
from tests.checkpoints.refusal import KEY, QUERY, read_all, refused

from widthscope.checkpoints.opening import open_checkpoint
from widthscope.errors import CheckpointError


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
