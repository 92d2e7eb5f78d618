"""Whether the results can be written, asked before minutes go into them."""

import os
from pathlib import Path

from widthscope.errors import DynamicsError


def check_outputs(csv: Path | None, figures: Path | None) -> None:
    """Refuse a file or folder that could not be written in the end; nothing is made or changed here.

    Args:
        csv: of ``--csv``: its folder must be there.
        figures: of ``--figures``: a folder, made later where it is missing.

    Raises:
        DynamicsError: which one, and why not.
    """
    try:
        if csv is not None:
            _check_csv(csv)
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
