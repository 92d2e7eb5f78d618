"""One safetensors file: names, shapes and formats from its header, rows of one tensor from the disk.

A file is 8 bytes of header length, a JSON header with each tensor's format, shape and place, and the numbers
in row-major order. The `safetensors` package judges whether a file is sound; the rows are then read by plain
reads in small pieces, because pages of a memory map stay in the process until the map is closed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from widthscope.checkpoints.stored_numbers import FORMATS, SAFETENSORS_NAMES, Float64
from widthscope.errors import CheckpointError

PIECE = 2**20
"""Bytes read at once; on their way to float64 they take a few times as much."""


class SafetensorsFile:
    """The tensors of one safetensors file."""

    def __init__(self, path: Path) -> None:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="np"):
                pass  # checks the header against itself and against the file's length
            with path.open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                header: dict[str, Any] = json.loads(file.read(length))
        except (SafetensorError, OSError, ValueError) as error:
            raise CheckpointError(f"{path} is not a sound safetensors file: {_reason(error)}") from None
        header.pop("__metadata__", None)
        self.path = path
        self.config: Mapping[str, Any] = {}
        self.shapes = {name: tuple(entry["shape"]) for name, entry in header.items()}
        self.formats = {
            name: SAFETENSORS_NAMES.get(entry["dtype"], entry["dtype"]) for name, entry in header.items()
        }
        self._starts = {name: 8 + length + entry["data_offsets"][0] for name, entry in header.items()}

    def read(self, name: str, rows: slice, columns: slice) -> Float64:
        """Part of a matrix, in float64; of a vector with ``columns`` left whole."""
        raw, values = FORMATS[self.formats[name]]
        shape = self.shapes[name]
        begin, end, _ = rows.indices(shape[0])
        inner = (columns.indices(shape[1])[:2],) if len(shape) > 1 else ()
        result = np.empty((end - begin, *(stop - start for start, stop in inner)))
        width = shape[1] if len(shape) > 1 else 1
        at_once = max(1, PIECE // max(1, width * raw.itemsize))
        with self.path.open("rb") as file:
            file.seek(self._starts[name] + begin * width * raw.itemsize)
            for done in range(0, end - begin, at_once):
                count = min(at_once, end - begin - done)
                stored = np.fromfile(file, raw, count * width)
                if stored.size < count * width:
                    raise CheckpointError(f"{self.path} became shorter while {name} was read")
                piece = stored.reshape(count, *shape[1:])
                result[done : done + count] = values(piece[:, columns] if inner else piece)
        return result


def _reason(error: Exception) -> str:
    text = str(error)
    if "MetadataIncompleteBuffer" in text or "incomplete metadata" in text:
        return "it ends before its last tensor does, or goes on after it, as a broken download does"
    if "HeaderTooSmall" in text or "header too small" in text:
        return "it is shorter than the 8 bytes that say how long its header is"
    if "InvalidHeaderLength" in text or "invalid header length" in text:
        return "it ends inside its header, as a broken download does"
    if "HeaderTooLarge" in text or "header too large" in text:
        return "its first 8 bytes give no sensible length of a header"
    return "its header cannot be read" if isinstance(error, ValueError) else text.splitlines()[0].rstrip(".")
