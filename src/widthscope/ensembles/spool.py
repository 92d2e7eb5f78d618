"""Rows of one array, written one by one at any place: in memory, or in an .npy file that outlives a kill."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from widthscope.files import cannot_write

CHUNK_BYTES = 2**24
"""About how much of a lazy array is read at once."""


class Spool:
    """An array (row, ...) that is filled row by row.

    Args:
        path: its file, kept if it already has this shape and dtype; None for memory.
        shape: rows first.
        dtype: a number's.
        lazy_above: size in bytes above which a file's values are returned as a dask array.

    Raises:
        StoreError: if the disk has no room for the whole array, which is reserved at once.
    """

    def __init__(
        self, path: Path | None, shape: tuple[int, ...], dtype: np.dtype[Any], lazy_above: int = 2**26
    ) -> None:
        self._path, self._lazy_above = path, lazy_above
        self._memory: np.ndarray[Any, Any] | None = None
        if path is None:
            self._memory = np.empty(shape, dtype)
            return
        self._row_bytes = int(np.prod(shape[1:])) * dtype.itemsize
        if not _fits(path, shape, dtype):
            _reserve(path, shape, dtype)
        self._begin = os.path.getsize(path) - shape[0] * self._row_bytes

    @classmethod
    def of(cls, path: Path, lazy_above: int = 2**26) -> "Spool":
        """The spool of a file that an earlier run filled."""
        found = np.load(path, mmap_mode="r")
        return cls(path, found.shape, found.dtype, lazy_above)

    def write(self, row: int, values: np.ndarray[Any, Any]) -> None:
        """Set one row.

        Raises:
            StoreError: if the system refuses to write.
        """
        if self._memory is not None:
            self._memory[row] = values
            return
        assert self._path is not None
        try:
            with self._path.open("r+b") as file:
                file.seek(self._begin + row * self._row_bytes)
                file.write(np.ascontiguousarray(values).tobytes())
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def flush(self) -> None:
        """Bring a file's rows to the disk."""
        if self._path is not None:
            with self._path.open("r+b") as file:
                os.fsync(file.fileno())

    def values(self) -> Any:
        """The array: NumPy's, or of dask with a few rows to a chunk where a file is large."""
        if self._memory is not None:
            return self._memory
        assert self._path is not None
        mapped = np.load(self._path, mmap_mode="r")
        if mapped.nbytes <= self._lazy_above:
            return np.array(mapped)
        import dask.array  # here, since it takes half a second and small runs need none

        rows = max(1, CHUNK_BYTES // max(1, self._row_bytes))
        chunks = (rows, *mapped.shape[1:])
        return dask.array.from_array(mapped, chunks=chunks, name=False)  # type: ignore[no-untyped-call]


def _fits(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    try:
        found = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return False
    return bool(found.shape == shape and found.dtype == dtype)


def _reserve(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Make a file for the whole array, so that a full disk is met at the first row and not at the last."""
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.lib.format.write_array_header_2_0(file, header)
            size = int(np.prod(shape)) * dtype.itemsize
            if size:
                os.posix_fallocate(file.fileno(), file.tell(), size)
    except OSError as error:
        raise cannot_write(path, error) from error
