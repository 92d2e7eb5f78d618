"""Which files a checkpoint consists of: one file, shards that an index lists, or a folder with either."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from widthscope.errors import CheckpointError

INDICES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
SINGLE = ("model.safetensors", "pytorch_model.bin")
SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".ckpt")
OTHER_KINDS = {b"GGUF": "a GGUF file", b"\x89HDF": "an HDF5 file", b"\x93NUM": "a numpy array"}


@dataclass(frozen=True)
class WeightFiles:
    """Files that hold tensors, and the ``config.json`` beside them (empty if there is none)."""

    paths: tuple[Path, ...]
    config: dict[str, Any]
    listed: frozenset[str] = frozenset()
    """Names of the tensors that the index promises."""


def weight_files(path: Path) -> WeightFiles:
    """Find the files behind a path.

    Raises:
        CheckpointError: there is nothing at the path, a shard is missing, or the choice is not clear.
    """
    try:
        if path.is_dir():
            path = _in_folder(path)
        elif not path.exists():
            raise CheckpointError(f"{path} does not exist{_nearest(path)}")
        elif not path.is_file():
            raise CheckpointError(f"{path} is neither a file nor a folder")
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    config = _json(path.parent / "config.json") if (path.parent / "config.json").is_file() else {}
    if path.suffix == ".json":
        paths, listed = _shards(path)
        return WeightFiles(paths, config, listed)
    _check_is_weights(path)
    return WeightFiles((path,), config)


def is_safetensors(path: Path) -> bool:
    """Whether the file is in the safetensors format, by its name or else by how it begins."""
    if path.suffix == ".safetensors":
        return True
    with path.open("rb") as file:
        start = file.read(9)
    return start[8:] == b"{"


def _in_folder(folder: Path) -> Path:
    for name in (INDICES[0], SINGLE[0], INDICES[1], SINGLE[1]):
        # a single file wins over an index of the other format, an index over a single file of its own
        if (folder / name).is_file():
            return folder / name
    found = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES and file.is_file())
    indices = sorted(folder.glob("*.index.json"))
    if len(indices) == 1:
        return indices[0]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CheckpointError(f"{folder} holds no weights: no file in it ends in {_listed(SUFFIXES)}")
    raise CheckpointError(
        f"{folder} holds {len(found)} files of weights and no index that joins them; "
        f"give the path of one: {_listed(file.name for file in found[:6])}"
    )


def _shards(index: Path) -> tuple[tuple[Path, ...], frozenset[str]]:
    weight_map = _json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{index} is not the index of a checkpoint: it has no 'weight_map'")
    names = sorted({str(name) for name in weight_map.values()})
    for name in names:
        if Path(name).name != name or name == "..":
            raise CheckpointError(f"{index} names the shard {name!r}, which is not a file beside it")
    missing = [name for name in names if not (index.parent / name).is_file()]
    if missing:
        raise CheckpointError(
            f"{index} lists {len(names)} shards, of which {_listed(missing[:3])} "
            f"{'is' if len(missing) == 1 else 'are'} missing{' among others' if len(missing) > 3 else ''}"
        )
    for name in names:
        _check_is_weights(index.parent / name)
    return tuple(index.parent / name for name in names), frozenset(weight_map)


def _check_is_weights(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    if not start:
        raise CheckpointError(f"{path} is empty")
    if start in OTHER_KINDS:
        raise CheckpointError(
            f"{path} is {OTHER_KINDS[start]}; weights are read from safetensors and from files of torch.save"
        )


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise CheckpointError(f"{path} cannot be read as JSON") from None
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} must hold a JSON object")
    return found


def _nearest(path: Path) -> str:
    beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    close = get_close_matches(path.name, beside, 1)
    return f"; did you mean {close[0]}?" if close else ""


def _listed(names: Iterable[str]) -> str:
    words = list(names)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
