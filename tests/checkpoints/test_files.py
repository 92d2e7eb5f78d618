"""The same weights, whatever file they lie in, and no more of it read than is asked for."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.checkpoints.files import llama_like, write_config, write_index, write_sparse
from tests.checkpoints.small_models import FAMILIES

from widthscope.checkpoints.opening import open_checkpoint
from widthscope.checkpoints.stored_numbers import FORMATS
from widthscope.checkpoints.tensors import Tensors

DTYPES = {name: getattr(torch, name) for name in FORMATS}
MIB = 2**20


def every_finite_value(dtype: torch.dtype) -> torch.Tensor:
    """All finite values of an 8 or 16-bit format; normal draws for the others."""
    if dtype.itemsize > 2:
        return torch.randn(64, 32, dtype=torch.float64).to(dtype)
    bits = torch.arange(2 ** (8 * dtype.itemsize), dtype=torch.int32)
    values = bits.to(torch.uint8 if dtype.itemsize == 1 else torch.uint16).view(dtype)
    finite = values[torch.isfinite(values.double())]
    return finite[: len(finite) // 2 * 2].reshape(2, -1)


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("kind", ["safetensors", "pt"])
def test_every_format_is_exact_in_float64(name: str, kind: str, tmp_path: Path) -> None:
    values = every_finite_value(DTYPES[name])
    path = tmp_path / f"weights.{kind}"
    (save_file if kind == "safetensors" else torch.save)({"w.weight": values}, path)
    tensors = Tensors(path)
    assert tensors.format("w.weight") == name
    np.testing.assert_array_equal(tensors.read("w.weight"), values.double().numpy())
    np.testing.assert_array_equal(
        tensors.read("w.weight", slice(1, 2), slice(3, 9)), values[1:2, 3:9].double().numpy()
    )


def test_rows_are_read_in_pieces_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.randn(37, 5)
    save_file({"w": values, "v": values[:, 0].contiguous()}, tmp_path / "w.safetensors")
    monkeypatch.setattr("widthscope.checkpoints.safetensors_file.PIECE", 4 * 5 * 4)
    tensors = Tensors(tmp_path / "w.safetensors")
    for rows in (slice(None), slice(3, 20), slice(36, 37), slice(4, 4)):
        np.testing.assert_array_equal(tensors.read("w", rows), values[rows].double().numpy())
        np.testing.assert_array_equal(tensors.read("v", rows), values[rows, 0].double().numpy())


def heads_of(path: Path) -> list[np.ndarray]:
    found = [layer.read() for layer in open_checkpoint(path).layers]
    return [matrix for layer in found for matrix in (layer.query, layer.key, layer.norm_gain)]


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_single_sharded_and_torch_files_agree(name: str, tmp_path: Path) -> None:
    model = FAMILIES[name].build()
    folders = [tmp_path / kind for kind in ("single", "sharded", "torch", "torch_sharded")]
    single, sharded, in_torch, torch_sharded = folders
    model.save_pretrained(single)
    model.save_pretrained(sharded, max_shard_size="20KB")
    for folder in (in_torch, torch_sharded):
        folder.mkdir()
        (folder / "config.json").write_bytes((single / "config.json").read_bytes())
    state = load_file(single / "model.safetensors")
    torch.save(state, in_torch / "pytorch_model.bin")
    names = sorted(state)
    shards = {"part-1.bin": names[::2], "part-2.bin": names[1::2]}
    for shard, inside in shards.items():
        torch.save({tensor: state[tensor] for tensor in inside}, torch_sharded / shard)
    index = {tensor: shard for shard, inside in shards.items() for tensor in inside}
    write_index(torch_sharded, index, "pytorch_model.bin.index.json")
    assert len(list(sharded.glob("*.safetensors"))) > 3
    expected = heads_of(single)
    for path in (*folders, sharded / "model.safetensors.index.json", single / "model.safetensors"):
        for own, other in zip(expected, heads_of(path), strict=True):
            np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("wrap", ["state_dict", "model_state_dict", "model", "module"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_wrappers_and_prefixes_of_training_code(wrap: str, prefix: str, tmp_path: Path) -> None:
    state = llama_like()
    torch.save({"epoch": 3, wrap: {f"{prefix}{name}": w for name, w in state.items()}}, tmp_path / "run.ckpt")
    found = open_checkpoint(tmp_path / "run.ckpt", heads=4)
    assert [layer.name for layer in found.layers] == ["layers.0", "layers.1"]
    expected = state["model.layers.0.self_attn.q_proj.weight"].double().numpy().reshape(4, 8, 32)
    np.testing.assert_array_equal(found.layers[0].read().query, expected)


def test_the_old_torch_format_is_read(tmp_path: Path) -> None:
    torch.save(llama_like(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    found = open_checkpoint(tmp_path / "old.pth", heads=4)
    assert (found.key_heads, found.layers[0].read().key.shape) == (2, (4, 8, 32))


def big_llama(path: Path) -> int:
    """A model of 32 layers of width 4096 in bfloat16, as 12 GiB of zeros that take no space."""
    shapes = {
        f"model.layers.{layer}.{name}.weight": (4096 if name[0] == "s" else 11008, 4096)
        for layer in range(32)
        for name in (
            *(f"self_attn.{x}_proj" for x in "qkvo"),
            *(f"mlp.{x}_proj" for x in ("gate", "up", "down")),
        )
    }
    write_config(path.parent, model_type="llama", num_attention_heads=32, hidden_size=4096)
    return write_sparse(path, shapes, "BF16", 2)


def test_one_layer_of_a_big_file_takes_the_memory_of_its_own_heads(tmp_path: Path) -> None:
    assert big_llama(tmp_path / "model.safetensors") > 12 * 2**30
    tracemalloc.start()
    try:
        layer = open_checkpoint(tmp_path).layers[17]
        opened = tracemalloc.get_traced_memory()[1]
        heads = layer.read(slice(8, 12))
        few = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    own = heads.query.nbytes + heads.key.nbytes
    assert own == 2 * 4 * 128 * 4096 * 8
    assert opened < 8 * MIB
    assert few < own + 16 * MIB


def test_pages_of_other_layers_never_enter_the_process(tmp_path: Path) -> None:
    big_llama(tmp_path / "model.safetensors")
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from widthscope.checkpoints.opening import open_checkpoint\n"
        "layers = open_checkpoint(Path(sys.argv[1])).layers\n"
        "start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for layer in layers[:12]: layer.read(slice(0, 2))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start)\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    grown, torch_loaded = done.stdout.split()
    assert torch_loaded == "False"
    # two heads of one layer are 16 MiB in float64; twelve such layers in bfloat16 would be 48 MiB of pages
    assert int(grown) * 1024 < 2 * 16 * MIB


def test_a_torch_file_is_mapped_not_loaded(tmp_path: Path) -> None:
    state = llama_like(layers=40, width=512)
    torch.save(state, tmp_path / "model.pt")
    size = (tmp_path / "model.pt").stat().st_size
    del state
    process = psutil.Process()
    before = process.memory_info().rss
    layers = open_checkpoint(tmp_path / "model.pt", heads=4).layers
    for layer in layers[:20]:
        layer.read()
    assert size > 60 * MIB
    assert process.memory_info().rss - before < size / 3
