"""All tensors of a checkpoint by name, wherever they are stored; a weight is read when it is asked for."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from widthscope.checkpoints.safetensors_file import SafetensorsFile
from widthscope.checkpoints.stored_numbers import FORMATS, Float64
from widthscope.checkpoints.torch_file import TorchFile
from widthscope.checkpoints.weight_files import is_safetensors, weight_files
from widthscope.errors import CheckpointError

_PREFIXES = re.compile(r"^(?:(?:module|_orig_mod)\.)+|(?<=\.)(?:_orig_mod\.)+")
"""What torch.compile and data-parallel training put before names."""

WHOLE = slice(None)


class _File(Protocol):
    path: Path
    config: Mapping[str, Any]
    shapes: dict[str, tuple[int, ...]]
    formats: dict[str, str]

    def read(self, name: str, rows: slice, columns: slice) -> Float64: ...


class Tensors:
    """Tensors by name; opening reads headers alone.

    Attributes:
        path: what was opened.
        shapes: shape of every tensor, by name without the prefixes of parallel or compiled training.
        config: the model's ``config.json``, or the sizes that a training loop saved; empty if there are none.
    """

    def __init__(self, path: Path) -> None:
        files = weight_files(path)
        self.path = path
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._places: dict[str, tuple[_File, str]] = {}
        self.config: Mapping[str, Any] = files.config
        for part in files.paths:
            self._stamps[part] = _stamp(part)
            file: _File = SafetensorsFile(part) if is_safetensors(part) else TorchFile(part)
            self.config = self.config or file.config
            self._places |= {_plain(name): (file, name) for name in file.shapes}
        absent = sorted(set(map(_plain, files.listed)) - set(self._places))
        if absent:
            raise CheckpointError(f"{path}: the index lists {absent[0]}, but no shard holds it")
        self.shapes = {name: file.shapes[stored] for name, (file, stored) in self._places.items()}

    def format(self, name: str) -> str:
        """How the numbers of a tensor are stored, such as ``bfloat16``."""
        file, stored = self._places[name]
        return file.formats[stored]

    def check_readable(self, name: str) -> None:
        """Refuse numbers that are not weights by themselves, as those of quantised models.

        Raises:
            CheckpointError: the tensor is stored as integers, or needs a scale that is stored elsewhere.
        """
        stored = self.format(name)
        if stored not in FORMATS:
            known = ", as in a quantised model" if "int" in stored else ""
            raise CheckpointError(
                f"{self.path}: {name} is stored as {stored}{known}; "
                f"weights are read from {', '.join(FORMATS)}"
            )
        scale = next(
            (f"{name}{end}" for end in ("_scale_inv", "_scale") if f"{name}{end}" in self.shapes), None
        )
        if scale:
            raise CheckpointError(
                f"{self.path}: {name} is quantised, its values are to be multiplied by {scale}; "
                "give the model in half or single precision"
            )

    def read(self, name: str, rows: slice = WHOLE, columns: slice = WHOLE) -> Float64:
        """Rows and columns of one tensor, exactly, in float64.

        Raises:
            CheckpointError: a value is NaN or infinite, or the file changed since it was opened.
        """
        file, stored = self._places[name]
        if self._stamps[file.path] != _stamp(file.path):
            raise CheckpointError(f"{file.path} changed after it was opened")
        values = file.read(stored, rows, columns)
        if not np.isfinite(values).all():
            bad = "NaN" if np.isnan(values).any() else "an infinite value"
            raise CheckpointError(f"{self.path}: {name} holds {bad}, so its spectrum does not exist")
        return values


def _plain(name: str) -> str:
    return _PREFIXES.sub("", name)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        raise CheckpointError(f"{path} is gone") from None
    return found.st_size, found.st_mtime_ns
