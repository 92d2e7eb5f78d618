"""What a store keeps of a tree, and what it refuses by name."""

import numpy as np
import pytest
import xarray as xr

from widthscope.content import flatten
from widthscope.errors import StoreError


def test_arrays_and_groups_go_by_path():
    root = xr.Dataset(
        {"loss": ("width", [1.0, 2.0])}, coords={"width": [64, 128]}, attrs={"seed": np.int64(3)}
    )
    tree = xr.DataTree.from_dict({"/": root, "/claims/heads": xr.Dataset({"slope": -1.0})})
    content = flatten(tree)
    assert set(content.headers) == set(content.variables) == {"/loss", "/width", "/claims/heads/slope"}
    assert content.groups == {"/": {"seed": 3}, "/claims": {}, "/claims/heads": {}}
    assert content.headers["/width"] == {
        "dims": ["width"],
        "shape": [2],
        "dtype": "int64",
        "coordinate": True,
        "attrs": {},
    }
    assert not content.headers["/loss"]["coordinate"]


def test_a_group_taken_out_of_a_tree_keeps_its_labels():
    root = xr.Dataset(coords={"component": ["slope", "offset"]})
    tree = xr.DataTree.from_dict(
        {"/": root, "/claims/heads": xr.Dataset({"estimate": ("component", [1.0, 2.0])})}
    )
    assert set(flatten(tree["claims"]).headers) == {"/component", "/heads/estimate"}
    assert set(flatten(tree["claims/heads"]).headers) == {"/component", "/estimate"}


def test_text_of_any_kind_becomes_fixed_width():
    kinds = [object, np.str_, np.dtypes.StringDType()]
    for kind in kinds:
        values = flatten(xr.Dataset({"name": ("i", np.array(["a", "größe"], dtype=kind))})).variables["/name"]
        assert values.dtype == "<U5"
        assert values.values.tolist() == ["a", "größe"]


REFUSED = {
    "a date": (
        xr.Dataset({"when": ("x", np.array(["2025-01-01"], "datetime64[ns]"))}),
        "/when: dtype datetime64",
    ),
    "bytes": (xr.Dataset({"raw": ("x", np.array([b"a"]))}), "/raw: dtype"),
    "an object": (xr.Dataset({"thing": ("x", np.array([None], object))}), "/thing: None is not text"),
    "a NUL": (xr.Dataset({"name": ("x", np.array(["a\0"], object))}), "/name: .* NUL"),
    "a surrogate": (xr.Dataset({"name": ("x", ["\ud800"])}), "/name: .* surrogate"),
    "a name with a blank": (xr.Dataset({"test loss": 1}), "the name 'test loss'"),
    "a name of zarr's": (xr.Dataset({"zarr.json": 1}), "the name 'zarr.json'"),
    "an empty name": (xr.Dataset({"": 1}), "the name ''"),
    "a number as name": (xr.Dataset({3: 1}), "the name 3"),
    "a hidden dimension": (xr.Dataset({"a": (".b", [1])}), "the name '.b'"),
    "a NaN attribute": (xr.Dataset(attrs={"loss": float("nan")}), "/: attribute 'loss' = nan is not JSON"),
    "an object attribute": (xr.Dataset({"a": ((), 1, {"f": print})}), "/a: attribute 'f' .* is not JSON"),
    "a numbered attribute": (xr.Dataset(attrs={1: 2}), "/: attribute 1 must be named by a string"),
    "a reserved attribute": (xr.Dataset(attrs={"coordinates": "a"}), "'coordinates'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_store_cannot_hold_is_named(what):
    dataset, words = REFUSED[what]
    with pytest.raises(StoreError, match=words):
        flatten(dataset)
