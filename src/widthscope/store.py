"""Trees of labelled arrays on disk: written whole or not at all, and checked when read.

A store is a zarr v3 folder, zstd-compressed, with a crc32c for each chunk. Its digest file
(`widthscope.digest`) is written last: a store without one does not count as done. The digest file depends on
the content alone.
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from widthscope.content import flatten
from widthscope.digest import ArrayDigest, content_digest, tree_digest
from widthscope.errors import StoreError
from widthscope.files import (
    cannot_write,
    is_refusal,
    json_text,
    partial_sibling,
    partial_siblings,
    prepare_text,
    read_json,
)
from widthscope.zarr_tree import StoredArray, open_content, write_content

__all__ = ["check", "content_digest", "read", "read_all", "write"]

Chunks = Mapping[str, int] | Literal["auto"]


def write(tree: xr.Dataset | xr.DataTree, store: Path | str, digest: Path | str) -> dict[str, Any]:
    """Write a tree and its digest file, taking the place of an earlier store in one step.

    The tree goes to a partial sibling, is read back and compared with what was meant, and only then gets its
    name; the digest file follows. Dask arrays are computed once, block by block, and never held whole.

    Returns:
        the content digest that the digest file holds (see `content_digest`).

    Raises:
        StoreError: if the tree has something that a store cannot hold, if the system refuses to write (full
            disk, no permission), or if other values come back; an earlier store and digest stay as they were.
    """
    store, digest = Path(store), Path(digest)
    content = flatten(tree)
    partial, prepared = partial_sibling(store), None
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        for leftover in [*partial_siblings(store), *partial_siblings(digest)]:
            _remove(leftover)
        meant = write_content(content, partial)
        try:
            _compare(partial, meant, _digest_on_disk(partial))
        except StoreError as error:
            raise StoreError(
                f"cannot write {store}: what came back from the disk is not what was meant: {error}"
            ) from error
        prepared = prepare_text(digest, json_text(meant))
        _put_in_place(partial, store, prepared, digest)
    except OSError as error:
        if is_refusal(error):
            raise cannot_write(store, error) from error
        raise
    finally:
        _remove(partial)
        if prepared is not None:
            _remove(prepared)
    return meant


def read(store: Path | str, digest: Path | str | None = None, chunks: Chunks | None = None) -> xr.DataTree:
    """Read a store into memory, or as dask arrays where `chunks` is given.

    Args:
        store: folder of the store.
        digest: its digest file; where given, everything is compared with it before the tree is returned.
        chunks: sizes by dimension, or "auto"; {} keeps the chunks as stored. Text is loaded in any case.

    Raises:
        StoreError: naming the store, the group or variable and, where possible, the chunk that is missing or
            altered.
    """
    store = Path(store)
    expected = None if digest is None else _expected(store, Path(digest))
    arrays, groups = open_content(store)
    variables, digests = {}, {}
    for path, stored in arrays.items():
        lazy = chunks is not None and stored.header["dtype"] != "str"
        data: Any = stored.lazy() if lazy else stored.empty()
        digests[path] = ArrayDigest(stored.header, None if lazy else data.__setitem__)
        if expected is not None or not lazy:
            stored.feed(digests[path])
        if stored.header["dtype"] == "str":
            data = data.astype(np.str_)
        variable = xr.Variable(stored.header["dims"], data, stored.header["attrs"])
        variables[path] = _chunked(variable, chunks) if lazy else variable
    if expected is not None:
        _compare(store, expected, tree_digest(digests, groups))
    try:
        return _assembled(variables, arrays, groups)
    except ValueError as error:  # without a digest, altered names and sizes are only seen not to fit together
        raise StoreError(
            f"store {store} is altered: its parts do not fit together ({str(error).splitlines()[0]})"
        ) from error


def read_all(stores: Iterable[Path | str], digests: Iterable[Path | str]) -> dict[str, xr.DataTree]:
    """Read several stores into memory, each verified against its digest, by their names without suffix."""
    return {Path(store).stem: read(store, digest) for store, digest in zip(stores, digests, strict=True)}


def check(store: Path | str, digest: Path | str) -> None:
    """Compare a store with its digest file, holding one chunk at a time; errors as in `read`."""
    store = Path(store)
    expected = _expected(store, Path(digest))
    _compare(store, expected, _digest_on_disk(store))


def _expected(store: Path, digest: Path) -> dict[str, Any]:
    if not os.path.exists(digest):  # unlike Path.exists, no error where the folder may not be entered
        raise StoreError(f"store {store} has no digest file {digest}, so its writing was never finished")
    content = read_json(digest)
    parts = [content.get(part) for part in ("arrays", "groups")] if isinstance(content, dict) else [None]
    if not all(isinstance(part, dict) for part in parts):
        raise StoreError(f"{digest} is torn or altered: it is not a digest")
    return dict(content)


def _digest_on_disk(store: Path) -> dict[str, Any]:
    arrays, groups = open_content(store)
    digests = {path: ArrayDigest(stored.header) for path, stored in arrays.items()}
    for path, stored in arrays.items():
        stored.feed(digests[path])
    return tree_digest(digests, groups)


def _compare(store: Path, expected: dict[str, Any], found: dict[str, Any]) -> None:
    """Raise StoreError naming the first path at which what was found differs from what was expected."""
    if expected == found:
        return
    for kind, name in [("groups", "group"), ("arrays", "variable")]:
        for path in sorted({*expected[kind], *found[kind]}):
            if path not in found[kind]:
                raise StoreError(f"store {store} is torn: {name} {path} is missing")
            if path not in expected[kind]:
                raise StoreError(f"store {store} is altered: {name} {path} is not in its digest")
            if expected[kind][path] != found[kind][path]:
                what = "attributes of group" if kind == "groups" else "variable"
                raise StoreError(f"store {store} is altered: {what} {path} differs from its digest")
    raise StoreError(
        f"the digest file of store {store} is altered: its parts agree with the store, its total does not"
    )


def _put_in_place(partial: Path, store: Path, prepared: Path, digest: Path) -> None:
    """Give store and digest their names, or leave both names with what they had."""
    retired = partial_sibling(store)
    if store.exists():
        store.rename(retired)
    try:
        partial.rename(store)
        prepared.replace(digest)
    except OSError:
        _remove(store)
        if retired.exists():
            retired.rename(store)
        raise
    _remove(retired)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _assembled(
    variables: Mapping[str, xr.Variable],
    arrays: Mapping[str, StoredArray],
    groups: Mapping[str, dict[str, Any]],
) -> xr.DataTree:
    coordinates: dict[str, dict[str, xr.Variable]] = {path: {} for path in groups}
    data: dict[str, dict[str, xr.Variable]] = {path: {} for path in groups}
    for path, variable in variables.items():
        parent, name = path.rsplit("/", 1)
        side = coordinates if arrays[path].header["coordinate"] else data
        side[parent or "/"][name] = variable
    datasets = {path: xr.Dataset(data[path], coordinates[path], groups[path]) for path in groups}
    return xr.DataTree.from_dict(datasets)


def _chunked(variable: xr.Variable, chunks: Chunks | None) -> xr.Variable:
    if chunks == "auto":
        return variable.chunk("auto")
    return variable.chunk({dim: size for dim, size in (chunks or {}).items() if dim in variable.dims})
