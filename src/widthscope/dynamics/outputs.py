"""Whether the results can be written, asked before minutes go into them."""

import os
from collections.abc import Sequence
from pathlib import Path

from widthscope.dynamics.listing import COLUMNS
from widthscope.errors import DynamicsError


def check_outputs(
    csv: Path | None,
    figures: Path | None,
    *,
    module: Path | None = None,
    state: Path | None = None,
    columns: Sequence[str] = COLUMNS,
) -> None:
    """Refuse a file or folder that could not be written in the end; nothing is made or changed here.

    Args:
        csv: of ``--csv``: its folder must be there, and a file that is there must be an earlier table.
        figures: of ``--figures``: a folder, made later where it is missing.
        module, state: files that are read, and must not be written.
        columns: of the command's tables.

    Raises:
        DynamicsError: which one, and why not.
    """
    try:
        if csv is not None:
            _check_csv(csv)
            if csv.exists():
                _check_replaced(csv, {"the module": module, "the state file": state}, columns)
        if figures is not None:
            _check_folder(figures)
    except OSError as error:
        raise DynamicsError(f"cannot write {error.filename}: {error.strerror}") from error


def _check_csv(path: Path) -> None:
    folder = path.parent
    if path.is_dir():
        raise DynamicsError(f"cannot write --csv {path}: it is a folder; name a file in it")
    if not folder.exists():
        raise DynamicsError(f"cannot write --csv {path}: there is no folder {folder}")
    if not folder.is_dir():
        raise DynamicsError(f"cannot write --csv {path}: {folder} is no folder")
    _check_permission(folder, f"--csv {path}")


def _check_replaced(path: Path, read: dict[str, Path | None], names: Sequence[str]) -> None:
    """Refuse to write over what is no table of an earlier run; an empty file may be taken."""
    for what, other in read.items():
        if other is not None and other.exists() and path.samefile(other):
            raise DynamicsError(f"cannot write --csv {path}: it is {what}")
    if not path.is_file():
        raise DynamicsError(f"cannot write --csv {path}: it is no plain file")
    columns = ",".join(names).encode()
    with path.open("rb") as file:
        first = file.readline(len(columns) + 2)
    if first and first.rstrip(b"\r\n") != columns:
        raise DynamicsError(
            f"cannot write --csv {path}: it is there already, and is no table of this command; name another"
        )


def _check_folder(path: Path) -> None:
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise DynamicsError(f"cannot write --figures {path}: {there} is no folder")
    _check_permission(there, f"--figures {path}")


def _check_permission(folder: Path, what: str) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DynamicsError(f"cannot write {what}: there is no permission to write in {folder}")
