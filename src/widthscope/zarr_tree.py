"""A tree's content as zarr v3 files, and back: chunks, codecs, and the naming of damaged chunks.

Chunks are the digest's blocks (`widthscope.digest.block_shape`), 2-4 MB before compression, so that one pass
over them both reads and hashes. All are written, those of fill values too, so that a missing one is seen to
be missing.
"""

import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from zarr.core.buffer import default_buffer_prototype
from zarr.core.group import GroupMetadata
from zarr.core.metadata import ArrayV3Metadata
from zarr.storage import LocalStore, StorePath

from widthscope.content import Content, Header, dtype_name
from widthscope.digest import ArrayDigest, Selection, absorb, block_shape, blocks, tree_digest
from widthscope.errors import StoreError
from widthscope.files import read_json

if TYPE_CHECKING:
    import dask.array

_FILL: dict[str, Any] = {"f": "NaN", "c": ["NaN", "NaN"], "b": False, "i": 0, "u": 0}


def write_content(content: Content, folder: Path) -> dict[str, Any]:
    """Write arrays and group attributes under `folder`, which must not exist, and return their digest.

    Raises:
        OSError: as the operating system gives it.
    """
    nodes: dict[str, GroupMetadata | ArrayV3Metadata] = {}
    coordinates: dict[str, list[str]] = {path: [] for path in content.groups}
    for path, header in content.headers.items():
        nodes[path.lstrip("/")] = _array_metadata(header)
        parent, name = path.rsplit("/", 1)
        if header["coordinate"]:
            coordinates[parent or "/"].append(name)
    for path, attrs in content.groups.items():
        # The way xarray itself marks them.
        marked = {"coordinates": " ".join(sorted(coordinates[path]))} if coordinates[path] else {}
        nodes[path.lstrip("/")] = GroupMetadata(attributes={**attrs, **marked}, zarr_format=3)
    _write_metadata(nodes, folder)
    files, digests = LocalStore(folder), {}
    with zarr.config.set({"array.write_empty_chunks": True}):
        for path, header in content.headers.items():
            name = path.lstrip("/")
            array: zarr.Array[Any] = zarr.Array.from_dict(StorePath(files, name), nodes[name].to_dict())
            digests[path] = ArrayDigest(header, array.__setitem__)
    absorb((variable, digests[path]) for path, variable in content.variables.items())
    return tree_digest(digests, content.groups)


def _write_metadata(nodes: Mapping[str, GroupMetadata | ArrayV3Metadata], folder: Path) -> None:
    """Write the metadata document of every group and array, one after the other.

    `zarr.create_hierarchy` writes them all at once, and on a full disk reports every one that failed.
    """
    for name, metadata in nodes.items():
        for key, document in metadata.to_buffer_dict(default_buffer_prototype()).items():
            path = folder / name / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(document.to_bytes())


def _array_metadata(header: Header) -> ArrayV3Metadata:
    """The metadata document of an array, in the words of the zarr v3 specification."""
    dtype = header["dtype"]
    text = dtype == "str"
    serializer: dict[str, Any] = (
        {"name": "vlen-utf8"} if text else {"name": "bytes", "configuration": {"endian": "little"}}
    )
    return ArrayV3Metadata.from_dict(
        {
            "zarr_format": 3,
            "node_type": "array",
            "shape": header["shape"],
            "data_type": "string" if text else dtype,
            "chunk_grid": {
                "name": "regular",
                "configuration": {"chunk_shape": block_shape(tuple(header["shape"]), dtype)},
            },
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": "" if text else _FILL[np.dtype(dtype).kind],
            "codecs": [
                serializer,
                {"name": "zstd", "configuration": {"level": 3, "checksum": False}},
                {"name": "crc32c"},
            ],
            "dimension_names": header["dims"],
            "attributes": header["attrs"],
        }
    )


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

    def lazy(self) -> "dask.array.Array":
        """The values as a dask array, chunked as stored.

        Raises:
            StoreError: naming the first chunk that is missing, which zarr would read as fill values.
        """
        import dask.array  # only here: half a second that a job without lazy arrays need not spend

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
    files = LocalStore(store, read_only=True)
    arrays, groups, coordinates = {}, {}, {}
    for path, metadata in _nodes(store):
        try:
            if metadata["node_type"] == "group":
                attrs = dict(metadata["attributes"])
                coordinates[path] = attrs.pop("coordinates", "").split()
                groups[path] = attrs
                continue
            array = zarr.Array.from_dict(StorePath(files, path.lstrip("/")), metadata)
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
