"""Checkpoints written by hand: a small attention of two layers, and the header of a file of any size."""

import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch


def llama_like(
    layers: int = 2, heads: int = 4, key_heads: int = 2, width: int = 32
) -> dict[str, torch.Tensor]:
    """Query and key weights in Llama's names."""
    generator = torch.Generator().manual_seed(5)
    rows = {"q": width, "k": key_heads * width // heads}
    return {
        f"model.layers.{layer}.self_attn.{name}_proj.weight": torch.randn(count, width, generator=generator)
        for layer in range(layers)
        for name, count in rows.items()
    }


def write_config(folder: Path, **values: object) -> None:
    (folder / "config.json").write_text(json.dumps(values))


def write_index(
    folder: Path, weight_map: Mapping[str, str], name: str = "model.safetensors.index.json"
) -> Path:
    (folder / name).write_text(json.dumps({"metadata": {}, "weight_map": dict(weight_map)}))
    return folder / name


def write_sparse(path: Path, shapes: Mapping[str, tuple[int, ...]], dtype: str, itemsize: int) -> int:
    """A safetensors file of zeros that takes no space on the disk; its size in bytes."""
    header, end = {}, 0
    for name, shape in shapes.items():
        size = itemsize * torch.Size(shape).numel()
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)
    return 8 + len(text) + end


class Payload:
    """Unpickled, it makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return Path.touch, (self.marker,)


def write_malicious(path: Path, marker: Path, kind: str) -> None:
    """A file that looks like a state dict and runs code when it is unpickled."""
    state = {**llama_like(), "extra": Payload(marker)}
    if kind == "pickle":
        path.write_bytes(pickle.dumps(state))
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
