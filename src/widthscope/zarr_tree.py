"""A tree's content as zarr v3 files, and back: chunks, codecs, and the naming of damaged chunks.

Chunks are the digest's blocks (`widthscope.digest.block_shape`), 2-4 MB before compression, so that one pass
over them both reads and hashes. All are written, those of fill values too, so that a missing one is seen to
be missing.
"""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.storage import LocalStore

from widthscope.digest import (
    ArrayDigest,
    Content,
    Header,
    Selection,
    absorb,
    block_shape,
    blocks,
    dtype_name,
    tree_digest,
)
from widthscope.errors import StoreError
from widthscope.files import read_json

_FILL: dict[str, Any] = {"f": float("nan"), "c": complex("nan+nanj"), "b": False, "i": 0, "u": 0}


def write_content(content: Content, folder: Path) -> dict[str, Any]:
    """Write arrays and group attributes under `folder`, which must not exist, and return their digest.

    Raises:
        OSError: as the operating system gives it.
    """
    store = LocalStore(folder)
    for path, attrs in content.groups.items():
        prefix = path.rstrip("/") + "/"
        own = {
            name.removeprefix(prefix): header
            for name, header in content.headers.items()
            if name.startswith(prefix)
        }
        coordinates = " ".join(
            name for name, header in own.items() if header["coordinate"] and "/" not in name
        )
        listed = {"coordinates": coordinates} if coordinates else {}  # as xarray itself marks them
        zarr.create_group(store=store, path=path, attributes={**attrs, **listed}, zarr_format=3)
    digests = {}
    for path, variable in content.variables.items():
        header = content.headers[path]
        shape, dtype = tuple(header["shape"]), header["dtype"]
        array = zarr.create_array(
            store=store,
            name=path,
            shape=shape,
            dtype="string" if dtype == "str" else dtype,
            chunks=block_shape(shape, dtype),
            compressors=(ZstdCodec(level=3), Crc32cCodec()),
            fill_value="" if dtype == "str" else _FILL[variable.dtype.kind],
            dimension_names=header["dims"],
            attributes=header["attrs"],
            zarr_format=3,
            config={"write_empty_chunks": True},
        )
        digests[path] = ArrayDigest(header, array.__setitem__)
    absorb((variable, digests[path]) for path, variable in content.variables.items())
    return tree_digest(digests, content.groups)


@dataclass(frozen=True)
class StoredArray:
    """One array of a store, not yet read.

    Attributes:
        store: folder of the store, for messages.
        path: the array's path in the tree, "/claims/heads/estimate".
        array: the array as zarr opens it.
        header: what its digest covers besides the values.
    """

    store: Path
    path: str
    array: zarr.Array[Any]
    header: Header

    def feed(self, digest: ArrayDigest) -> None:
        """Pass the values to a digest (and its sink), holding one block at a time.

        Raises:
            StoreError: naming the first chunk that is missing or cannot be decoded.
        """
        for selection in blocks(self.array.shape, self.header["dtype"]):
            self._demand_chunks(selection)
            try:
                block = np.asarray(self.array[selection])
            except Exception as error:  # whatever a codec makes of bytes that are not its own
                raise self._damaged(selection, error) from error
            digest[selection] = (
                block.astype(object).astype(np.str_) if self.header["dtype"] == "str" else block
            )

    def empty(self) -> np.ndarray[Any, Any]:
        """Memory for the values; text as objects, since its width is not known beforehand."""
        return np.empty(self.array.shape, dtype=object if self.header["dtype"] == "str" else self.array.dtype)

    def lazy(self) -> dask.array.Array:
        """The values as a dask array, chunked as stored.

        Raises:
            StoreError: naming the first chunk that is missing, which zarr would read as fill values.
        """
        for selection in blocks(self.array.shape, self.header["dtype"]):
            self._demand_chunks(selection)
        lazy: dask.array.Array = dask.array.from_array(  # type: ignore[no-untyped-call]
            self.array, chunks=self.array.chunks, name=False
        )
        return lazy

    def _chunks(self, selection: Selection) -> Iterator[tuple[int, ...]]:
        """Grid positions of the chunks that hold a block: one, where this module wrote the store."""
        grid = zip(selection, self.array.chunks, strict=True)
        return itertools.product(*(range(part.start // size, -(-part.stop // size)) for part, size in grid))

    def _demand_chunks(self, selection: Selection) -> None:
        for position in self._chunks(selection):
            key = self.array.metadata.encode_chunk_key(position)
            if not (self.store / self.path.lstrip("/") / key).is_file():
                raise StoreError(f"store {self.store} is torn: chunk {key} of {self.path} is missing")

    def _damaged(self, selection: Selection, error: Exception) -> StoreError:
        for position in self._chunks(selection):
            try:
                self.array.get_block_selection(position)
            except Exception as reason:
                key = self.array.metadata.encode_chunk_key(position)
                return _altered(self.store, f"chunk {key} of {self.path} cannot be decoded", reason)
        return _altered(self.store, f"{self.path} cannot be read", error)


def open_content(store: Path) -> tuple[dict[str, StoredArray], dict[str, dict[str, Any]]]:
    """The arrays of a store, not yet read, and the attributes of its groups, both by path.

    Files that are not part of the tree, such as Snakemake's `.snakemake_timestamp`, are passed over.

    Raises:
        StoreError: if there is no store, or metadata is missing or cannot be understood.
    """
    if not os.access(store, os.R_OK | os.X_OK):
        raise StoreError(f"store {store} does not exist, or there is no permission to read it")
    arrays, groups, coordinates = {}, {}, {}
    for path, metadata in _nodes(store):
        try:
            if metadata["node_type"] == "group":
                attrs = dict(metadata["attributes"])
                coordinates[path] = attrs.pop("coordinates", "").split()
                groups[path] = attrs
                continue
            array = zarr.open_array(store=LocalStore(store, read_only=True), path=path, zarr_format=3)
            parent, name = path.rsplit("/", 1)
            header = Header(
                dims=list(metadata.get("dimension_names") or ()),  # none are kept for a scalar
                shape=list(array.shape),
                dtype=dtype_name(array.dtype, path),
                coordinate=name in coordinates[parent or "/"],
                attrs=metadata["attributes"],
            )
        except Exception as error:  # altered metadata fails in as many ways as there are validators
            raise _altered(store, f"the metadata of {path} cannot be understood", error) from error
        arrays[path] = StoredArray(store, path, array, header)
    return arrays, groups


def _altered(store: Path, what: str, reason: Exception) -> StoreError:
    text = " ".join(str(reason).split()) or type(reason).__name__
    return StoreError(f"store {store} is torn or altered: {what} ({text})")


def _nodes(store: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and metadata of each group and array, parents first, without looking into the arrays' chunks."""

    def refuse(error: OSError) -> None:
        raise StoreError(f"cannot read {error.filename} of store {store}: {error.strerror}") from error

    for parent, folders, files in os.walk(store, onerror=refuse):
        folder = Path(parent)
        path = "/" + "/".join(folder.relative_to(store).parts)
        if "zarr.json" not in files:
            raise StoreError(f"store {store} is torn: zarr.json of {path} is missing")
        metadata = read_json(folder / "zarr.json")
        if not isinstance(metadata, dict):
            raise StoreError(f"store {store} is torn or altered: zarr.json of {path} is not a JSON object")
        yield path, metadata
        is_array = metadata.get("node_type") == "array"
        folders[:] = [] if is_array else sorted(name for name in folders if not name.startswith("."))
