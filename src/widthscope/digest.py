"""The content digest of a tree of arrays: what it holds, not how it is chunked, compressed, ordered or dated.

An array's values are hashed in blocks whose shape follows from its shape and dtype alone. The blocks can
therefore come in any order, from any storage layout and one at a time, so that memory stays bounded by a few
blocks.
"""

import hashlib
import itertools
import json
import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import dask.array
import numpy as np
import xarray as xr

from widthscope.errors import StoreError

BLOCK_BYTES = 4 * 2**20
_NOMINAL_STRING_BYTES = 64  # strings have no fixed width; labels are short
_NUMBERS = {
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
}  # fmt: skip

Selection = tuple[slice, ...]
Sink = Callable[[Selection, np.ndarray[Any, Any]], None]


class Header(TypedDict):
    """What counts about an array besides its values."""

    dims: list[str]
    shape: list[int]
    dtype: str
    coordinate: bool
    attrs: dict[str, Any]


@dataclass(frozen=True)
class Content:
    """A tree as a store sees it: arrays and groups by path ("/" for the root, "/claims/heads/estimate").

    Attributes:
        variables: the arrays, in memory, lazily loaded, or of dask; text as fixed-width unicode.
        headers: what counts about each array besides its values.
        groups: the attributes of each group.
    """

    variables: dict[str, xr.Variable]
    headers: dict[str, Header]
    groups: dict[str, dict[str, Any]]


def block_shape(shape: tuple[int, ...], dtype: str) -> tuple[int, ...]:
    """The shape of an array's blocks: C-contiguous runs of at most `BLOCK_BYTES`, evenly divided."""
    itemsize = _NOMINAL_STRING_BYTES if dtype == "str" else np.dtype(dtype).itemsize
    budget = BLOCK_BYTES // itemsize
    block = []
    for length in reversed(shape):
        pieces = math.ceil(max(length, 1) / max(budget, 1))
        block.append(math.ceil(max(length, 1) / pieces))
        budget = budget // block[-1] if pieces == 1 else 1
    return tuple(reversed(block))


def blocks(shape: tuple[int, ...], dtype: str) -> Iterator[Selection]:
    """The selections of all blocks, in C order; none for an array without elements."""
    if 0 in shape:
        return
    block = block_shape(shape, dtype)
    starts = [range(0, length, step) for length, step in zip(shape, block, strict=True)]
    for start in itertools.product(*starts):
        yield tuple(
            slice(low, min(low + step, length)) for low, step, length in zip(start, block, shape, strict=True)
        )


def dtype_name(dtype: np.dtype[Any], where: str) -> str:
    """The stored dtype: a NumPy number's name, or "str" for any kind of text.

    Raises:
        StoreError: for dates, bytes, records and other dtypes that a store does not hold.
    """
    if dtype.kind in "UTO":
        return "str"
    if dtype.name not in _NUMBERS:
        raise StoreError(
            f"{where}: dtype {dtype} cannot be stored; allowed are bool, integers, floats up to 64 bits, "
            "complex numbers up to 128 bits, and text"
        )
    return dtype.name


def as_text(values: np.ndarray[Any, Any], where: str) -> np.ndarray[Any, Any]:
    """Labels as fixed-width unicode, whatever kind of array they came in.

    Raises:
        StoreError: if a value is not a string, or has a NUL or a lone surrogate, which would not come back.
    """
    for value in values.flat:
        if not isinstance(value, str):
            raise StoreError(f"{where}: {value!r} is not text, and an array of objects may hold text only")
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise StoreError(f"{where}: {value!r} has a NUL or a lone surrogate, which a store cannot hold")
    return values.astype(object).astype(np.str_)


def _block_bytes(block: np.ndarray[Any, Any]) -> bytes:
    """Values as little-endian bytes in C order, one bit pattern for NaN; text as length-prefixed UTF-8."""
    if block.dtype.kind == "U":
        encoded = [str(text).encode("utf-8") for text in block.flat]
        return b"".join(len(text).to_bytes(8, "little") + text for text in encoded)
    block = np.array(block, dtype=block.dtype.newbyteorder("<"), order="C", copy=True)
    if block.dtype.kind in "fc":
        parts = block.reshape(-1).view(np.dtype(f"<f{block.real.dtype.itemsize}"))
        parts[np.isnan(parts)] = np.nan
    return block.tobytes()


def canonical_json(content: Any) -> str:
    """JSON with sorted keys and no spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def plain_attributes(attrs: Mapping[Hashable, Any], where: str) -> dict[str, Any]:
    """Attributes as JSON, NumPy numbers and arrays as Python's, tuples as lists.

    Raises:
        StoreError: if a name is not a string, or a value is not JSON (NaN and infinities included).
    """
    plain: dict[str, Any] = {}
    for name, value in attrs.items():
        if not isinstance(name, str):
            raise StoreError(f"{where}: attribute {name!r} must be named by a string")
        try:
            text = json.dumps(value, allow_nan=False, default=_plain)
        except (TypeError, ValueError) as error:
            raise StoreError(f"{where}: attribute {name!r} = {value!r} is not JSON ({error})") from error
        plain[name] = json.loads(text)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"type {type(value).__name__}")


class ArrayDigest:
    """Takes the blocks of one array, in any order, and gives the array's entry in the digest.

    Args:
        header: everything that counts about the array except its values (`Header`).
        sink: is handed each block after it is hashed, so that one pass both hashes and writes, or loads.
    """

    def __init__(self, header: Header, sink: Sink | None = None) -> None:
        self.header = header
        self._sink = sink
        self._blocks: dict[tuple[int, ...], str] = {}

    def __setitem__(self, selection: Selection, block: np.ndarray[Any, Any]) -> None:
        start = tuple(part.start for part in selection)
        self._blocks[start] = hashlib.sha256(_block_bytes(block)).hexdigest()
        if self._sink is not None:
            self._sink(selection, block)

    def entry(self) -> dict[str, Any]:
        """The `sha256` of header and values; `shape` and `dtype` are repeated for people to read."""
        values = [self._blocks[start] for start in sorted(self._blocks)]
        sha256 = hashlib.sha256(canonical_json([self.header, values]).encode()).hexdigest()
        return {"sha256": sha256, "shape": self.header["shape"], "dtype": self.header["dtype"]}


def flatten(tree: xr.Dataset | xr.DataTree) -> Content:
    """The content of a tree, checked to be storable; a dataset is a tree of one group.

    Raises:
        StoreError: naming the path whose name, dtype, label or attribute a store cannot hold.
    """
    root = tree if isinstance(tree, xr.DataTree) else xr.DataTree(dataset=tree)
    content = Content({}, {}, {})
    for relative, node in root.subtree_with_keys:
        path = "/" if relative == "." else f"/{relative}"
        dataset = node.to_dataset(inherit=False)
        for name in [*path.split("/"), *dataset.variables, *dataset.dims]:
            _demand_storable_name(name, path)
        content.groups[path] = plain_attributes(dataset.attrs, path)
        if "coordinates" in dataset.attrs:
            raise StoreError(
                f"{path}: the attribute 'coordinates' of a group is kept for its coordinates' names"
            )
        for name, variable in dataset.variables.items():
            _add(content, f"{path.rstrip('/')}/{name}", variable, name in dataset.coords)
    return content


def _add(content: Content, path: str, variable: xr.Variable, coordinate: bool) -> None:
    header = Header(
        dims=[str(dim) for dim in variable.dims],
        shape=list(variable.shape),
        dtype=dtype_name(variable.dtype, path),
        coordinate=coordinate,
        attrs=plain_attributes(variable.attrs, path),
    )
    if header["dtype"] == "str":
        variable = xr.Variable(variable.dims, as_text(variable.to_numpy(), path))
    content.headers[path] = header
    content.variables[path] = variable


def _demand_storable_name(name: Hashable, path: str) -> None:
    whole = isinstance(name, str) and re.search(r"[\s/\0]", name) is None and name != "zarr.json"
    if not whole or str(name).startswith((".", "__")):
        raise StoreError(
            f"{path}: the name {name!r} cannot be stored; allowed is text without blanks and slashes, "
            "beginning with neither a dot nor two underscores"
        )


def absorb(pairs: Iterable[tuple[xr.Variable, ArrayDigest]]) -> None:
    """Pass the values of each variable to its digest, block by block.

    Dask arrays go through one graph, so that work they share is done once and nothing outlives its use.
    """
    sources, targets = [], []
    for variable, digest in pairs:
        shape, dtype = variable.shape, digest.header["dtype"]
        if variable.chunks is None:
            for selection in blocks(shape, dtype):
                digest[selection] = variable[selection].to_numpy()
        elif 0 not in shape:
            sources.append(variable.data.rechunk(block_shape(shape, dtype)))
            targets.append(digest)
    if sources:
        # The stubs ask for arrays, dask itself for `__setitem__`.
        dask.array.store(sources, targets, lock=False)  # type: ignore[arg-type]


def tree_digest(arrays: Mapping[str, ArrayDigest], groups: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The digest of a tree from those of its arrays and the attributes of its groups, both by path."""
    entries = {path: array.entry() for path, array in arrays.items()}
    attrs = {
        path: hashlib.sha256(canonical_json(content).encode()).hexdigest() for path, content in groups.items()
    }
    whole = hashlib.sha256(canonical_json({"arrays": entries, "groups": attrs}).encode()).hexdigest()
    return {"digest": whole, "arrays": entries, "groups": attrs}


def content_digest(tree: xr.Dataset | xr.DataTree) -> dict[str, Any]:
    """The digest of a tree: names, dims, dtypes, shapes, values and attributes, however they are stored.

    Returns:
        `digest` (sha256 of all the rest), `arrays` (by path: sha256, shape, dtype), `groups` (by path: sha256
        of the attributes). All NaNs are one value; 0.0 and -0.0 are two.

    Raises:
        StoreError: if the tree holds something that a store cannot (see `flatten`).
    """
    content = flatten(tree)
    digests = {path: ArrayDigest(header) for path, header in content.headers.items()}
    absorb((variable, digests[path]) for path, variable in content.variables.items())
    return tree_digest(digests, content.groups)
