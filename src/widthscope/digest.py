"""The content digest of a tree of arrays: what it holds, not how it is chunked, compressed, ordered or dated.

An array's values are hashed in blocks whose shape follows from its shape and dtype alone. The blocks can
therefore come in any order, from any storage layout and one at a time, so that memory stays bounded by a few
blocks.
"""

import hashlib
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.content import Header, flatten

BLOCK_BYTES = 4 * 2**20
_NOMINAL_STRING_BYTES = 64  # strings have no fixed width; labels are short
Selection = tuple[slice, ...]
Sink = Callable[[Selection, np.ndarray[Any, Any]], None]


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
        import dask.array  # only here: half a second that a job without lazy arrays need not spend

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
