"""What a store keeps of a tree: named arrays of numbers and text, and attributes that are JSON.

Whatever a tree holds beyond that is refused here by name, before anything is written.
"""

import json
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import xarray as xr

from widthscope.errors import StoreError

_NUMBERS = {
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
}  # fmt: skip


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


def flatten(tree: xr.Dataset | xr.DataTree) -> Content:
    """The content of a tree, checked to be storable; a dataset is a tree of one group.

    Raises:
        StoreError: naming the path whose name, dtype, label or attribute a store cannot hold.
    """
    root = tree if isinstance(tree, xr.DataTree) else xr.DataTree(dataset=tree)
    content = Content({}, {}, {})
    for relative, node in root.subtree_with_keys:
        path = "/" if relative == "." else f"/{relative}"
        # A group taken out of a larger tree keeps the coordinates that it has from there.
        dataset = node.to_dataset(inherit=node is root)
        for name in [*filter(None, path.split("/")), *dataset.variables, *dataset.dims]:
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
    whole = isinstance(name, str) and re.fullmatch(r"[^\s/\0]+", name) and name != "zarr.json"
    if not whole or str(name).startswith((".", "__")):
        raise StoreError(
            f"{path}: the name {name!r} cannot be stored; allowed is text without blanks and slashes, "
            "beginning with neither a dot nor two underscores"
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
