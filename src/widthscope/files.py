"""Small files written whole or not at all: a temporary sibling, flushed to the disk, then renamed."""

import errno
import json
import os
import uuid
from pathlib import Path
from typing import Any

from widthscope.errors import StoreError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "it would exceed the largest file size allowed here",
    errno.EACCES: "there is no permission to write there",
    errno.EPERM: "there is no permission to write there",
    errno.EROFS: "the file system is read-only",
    errno.EIO: "the disk reports an error",
    errno.ENOTDIR: "part of the path is a file",
    errno.EISDIR: "a folder stands there",
    errno.ENAMETOOLONG: "the name is too long",
}


def is_refusal(error: OSError) -> bool:
    """Whether an error is the file system's refusal to write, not a failure of some other call."""
    return error.errno in _REASONS


def cannot_write(path: Path, error: OSError) -> StoreError:
    """The one-sentence error for a file or store that the operating system refused to write."""
    reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
    return StoreError(f"cannot write {path}: {reason}; what stood there before is unchanged")


def partial_sibling(path: Path) -> Path:
    """A name, not yet used, beside `path`: hidden, and recognised by `partial_siblings`."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.partial")


def partial_siblings(path: Path) -> list[Path]:
    """What killed writers of `path` left beside it, in order of name."""
    if not path.parent.is_dir():
        return []
    head, tail = f".{path.name}.", ".partial"
    siblings = (entry for entry in path.parent.iterdir() if entry.name.startswith(head))
    return sorted(
        entry
        for entry in siblings
        if entry.name.endswith(tail) and len(entry.name) == len(head) + 12 + len(tail)
    )


def prepare_text(path: Path, text: str) -> Path:
    """Write `text` to a flushed partial sibling of `path` and return the sibling, ready to be renamed.

    Raises:
        OSError: as the operating system gives it; no sibling is left then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sibling = partial_sibling(path)
    try:
        with sibling.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        sibling.unlink(missing_ok=True)
        raise
    return sibling


def atomic_write_text(path: Path | str, text: str) -> None:
    """Replace `path` by `text` in one step; missing folders are made.

    Raises:
        StoreError: if the system refuses (full disk, no permission); `path` is then as it was.
    """
    path = Path(path)
    sibling: Path | None = None
    try:
        for leftover in partial_siblings(path):
            leftover.unlink(missing_ok=True)
        sibling = prepare_text(path, text)
        sibling.replace(path)
    except OSError as error:
        if sibling is not None:
            sibling.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def json_text(content: Any) -> str:
    """`content` as indented JSON with sorted keys and a final newline: equal contents give equal bytes.

    Raises:
        ValueError: for NaN and infinities, which JSON lacks.
        TypeError: for objects that are not JSON.
    """
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def atomic_write_json(path: Path | str, content: Any) -> None:
    """Replace `path` by `content` as JSON (see `json_text`) in one step; errors as `atomic_write_text`."""
    atomic_write_text(path, json_text(content))


def read_json(path: Path | str) -> Any:
    """The content of a JSON file.

    Raises:
        StoreError: if the file is missing, unreadable, or not JSON.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise StoreError(f"{path} is torn or altered: it is not JSON ({error})") from error
