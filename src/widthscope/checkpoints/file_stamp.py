"""What tells, without reading gigabytes, that a checkpoint is not the one that its analysis was planned for.

Read at every parse of the Snakefile: nothing here may import torch, numpy or xarray.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from widthscope.errors import CheckpointError

WEIGHTS = {".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".json"}
"""Endings of the files that decide what is read from a folder."""


def stamp(path: Path) -> list[tuple[str, int, int]]:
    """Name, size in bytes, and time of change in ns of every file that decides what is read; none if gone.

    They tell that a model has changed without reading gigabytes: a folder stands for the weights and configs
    in it, the index of a sharded file for its folder, and a single file for itself and a ``config.json``
    beside it. A file that this user may not read has size -1, so that it is read as soon as that is mended.
    """
    path = path.expanduser()
    if path.is_dir() or path.name.endswith(".index.json"):
        folder = path if path.is_dir() else path.parent
        files = {file for file in folder.glob("*") if file.suffix in WEIGHTS}
    else:
        files = {path, path.with_name("config.json")}
    found = [file for file in sorted(files) if path.exists() and file.is_file()]
    return [(file.name, _size(file), file.stat().st_mtime_ns) for file in found]


def _size(file: Path) -> int:
    return file.stat().st_size if os.access(file, os.R_OK) else -1


def check_unchanged(path: Path, planned: Sequence[Sequence[str | int]]) -> None:
    """Refuse a checkpoint whose files are not the planned ones.

    A file that vanished and comes back unaltered has its old stamp: a result made without it would count as
    done for ever.

    Args:
        path: of the checkpoint.
        planned: what `stamp` gave for it when its job was planned.

    Raises:
        CheckpointError: a file came, went or changed since.
    """
    before, now = {tuple(facts) for facts in planned}, set(stamp(path))
    if before != now:
        names = sorted({str(facts[0]) for facts in before ^ now})
        gone = {str(facts[0]) for facts in now}.isdisjoint(names)
        raise CheckpointError(
            f"{path}: {', '.join(names)} {'vanished' if gone else 'changed'} after the job was planned; "
            "run snakemake again when the files are complete"
        )
