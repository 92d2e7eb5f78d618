"""The content digest: it follows the content in every part, and nothing but the content."""

import dask.array
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from widthscope.digest import BLOCK_BYTES, block_shape, blocks, content_digest


def example() -> xr.DataTree:
    values = np.arange(24.0).reshape(2, 3, 4)
    values[0, 0, :2] = np.nan, -0.0
    root = xr.Dataset(
        {"loss": (("seed", "width", "time"), values, {"unit": "1"}), "steps": ("width", np.arange(3))},
        coords={"width": [64, 128, 256], "label": ("width", ["a", "b", "çc"]), "rate": 0.5},
        attrs={"seed": 7, "sizes": [1, 2]},
    )
    child = xr.Dataset({"flag": ("head", [True, False]), "phase": ("head", np.array([1 + 2j, 3]))})
    return xr.DataTree.from_dict({"/": root, "/heads/one": child})


def whole(tree) -> str:
    return content_digest(tree)["digest"]


def test_known_answer():
    """The digest of stored results must not change with a release: this one is written down."""
    digest = content_digest(example())
    assert digest["digest"] == "8edff2e28b7841454dff9cedcf5839044d1947a9cdad3d06096188f7a3a66c55"
    assert digest["arrays"]["/loss"]["shape"] == [2, 3, 4]
    assert digest["arrays"]["/label"]["dtype"] == "str"
    assert set(digest["groups"]) == {"/", "/heads", "/heads/one"}


def changed(path, edit):
    tree = example()
    node = tree[path]
    node.dataset = edit(node.to_dataset(inherit=False))
    return tree


CHANGES = {
    "a value": ("/", lambda d: d.assign(steps=d.steps + (d.width == 128))),
    "a NaN": ("/", lambda d: d.assign(loss=d.loss.fillna(0.0))),
    "the sign of a zero": ("/", lambda d: d.assign(loss=d.loss.where(d.loss != 0, 0.0))),
    "a label": ("/", lambda d: d.assign_coords(label=("width", ["a", "b", "c"]))),
    "where a label ends": ("/", lambda d: d.assign_coords(label=("width", ["ab", "", "çc"]))),
    "a flag": ("/heads/one", lambda d: d.assign(flag=~d.flag)),
    "an imaginary part": ("/heads/one", lambda d: d.assign(phase=d.phase.conj())),
    "a dtype": ("/", lambda d: d.assign(steps=d.steps.astype("int32"))),
    "a sign of the dtype": ("/", lambda d: d.assign(steps=d.steps.astype("uint64"))),
    "a variable's name": ("/", lambda d: d.rename(steps="stages")),
    "a dimension's name": ("/heads/one", lambda d: d.rename(head="member")),
    "the order of dimensions": ("/", lambda d: d.transpose("width", "seed", "time")),
    "a coordinate made a variable": ("/", lambda d: d.reset_coords("rate")),
    "a variable more": ("/", lambda d: d.assign(extra=1)),
    "a variable less": ("/", lambda d: d.drop_vars("steps")),
    "a group's attribute": ("/", lambda d: d.assign_attrs(seed=8)),
    "the type of an attribute": ("/", lambda d: d.assign_attrs(seed=7.0)),
    "an attribute more": ("/heads/one", lambda d: d.assign_attrs(note="")),
    "a variable's attribute": ("/", lambda d: d.assign(loss=d.loss.assign_attrs(unit="s"))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_content_changes_the_digest(change):
    assert whole(changed(*CHANGES[change])) != whole(example())


def test_each_change_gives_its_own_digest():
    digests = {whole(changed(*change)) for change in CHANGES.values()}
    assert len(digests) == len(CHANGES)


def test_an_empty_group_counts():
    tree = example()
    tree["empty"] = xr.DataTree()
    assert whole(tree) != whole(example())


SAME = {
    "variables in another order": lambda d: d[["steps", "loss"]],
    "another byte order": lambda d: d.assign(steps=d.steps.astype(">i8")),
    "another memory layout": lambda d: d.assign(
        loss=(d.loss.dims, np.asfortranarray(d.loss.values), d.loss.attrs)
    ),
    "labels as objects": lambda d: d.assign_coords(label=d.label.astype(object)),
    "labels as wider text": lambda d: d.assign_coords(label=d.label.astype("<U40")),
    "labels as NumPy strings": lambda d: d.assign_coords(
        label=("width", d.label.values.astype(np.dtypes.StringDType()))
    ),
    "another NaN": lambda d: d.assign(loss=d.loss.where(d.loss.notnull(), -np.float64("nan"))),
    "attributes in another order": lambda d: d.drop_attrs(deep=False).assign_attrs(sizes=[1, 2], seed=7),
    "attributes of NumPy": lambda d: d.assign_attrs(seed=np.int32(7), sizes=np.array([1, 2])),
    "an attribute as a tuple": lambda d: d.assign_attrs(sizes=(1, 2)),
    "dask chunks": lambda d: d.chunk({"width": 2, "time": 3}),
}


@pytest.mark.parametrize("way", SAME)
def test_how_the_content_is_held_does_not_count(way):
    assert whole(changed("/", SAME[way])) == whole(example())


def test_the_examples_edits_keep_attributes():
    """Else an edit of values would change the digest for the wrong reason."""
    for path, edit in (CHANGES["a NaN"], CHANGES["the sign of a zero"], ("/", SAME["another NaN"])):
        assert changed(path, edit)["loss"].attrs == {"unit": "1"}


@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_dask_chunks_do_not_count(data):
    shape = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
    chunks = tuple(data.draw(st.integers(1, length)) for length in shape)
    values = np.random.default_rng(0).normal(size=shape)
    dims = [f"d{axis}" for axis in range(len(shape))]
    plain = xr.Dataset({"x": (dims, values)})
    lazy = xr.Dataset({"x": (dims, dask.array.from_array(values, chunks=chunks))})
    assert content_digest(lazy) == content_digest(plain)


SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 7, 100, 1023, 4096, 70_000]), max_size=4).filter(
    lambda shape: np.prod(shape, dtype=float) < 1e9
)


@given(shape=SHAPES, dtype=st.sampled_from(["float64", "float16", "bool", "complex128", "str"]))
@settings(deadline=None)
def test_blocks_tile_the_array_in_order(shape, dtype):
    shape = tuple(shape)
    itemsize = 64 if dtype == "str" else np.dtype(dtype).itemsize
    assert all(
        1 <= step <= max(length, 1) for step, length in zip(block_shape(shape, dtype), shape, strict=True)
    )
    assert np.prod(block_shape(shape, dtype), dtype=int) * itemsize <= BLOCK_BYTES
    end = 0
    for selection in blocks(shape, dtype):
        low = [part.start for part in selection]
        high = [part.stop - 1 for part in selection]
        first, last = (np.ravel_multi_index(at, shape) if shape else 0 for at in (low, high))
        size = np.prod([part.stop - part.start for part in selection], dtype=int)
        assert first == end, "blocks follow each other in C order, without gap or overlap"
        assert last - first + 1 == size, "a block is one contiguous run"
        end = last + 1
    assert end == np.prod(shape, dtype=int)


def test_blocks_are_of_few_megabytes():
    for shape in [(10**7,), (3000, 3000), (100, 300, 300), (5, 2_000_000), (200_000, 33)]:
        size = np.prod(block_shape(shape, "float64"), dtype=int) * 8
        assert BLOCK_BYTES / 2 <= size <= BLOCK_BYTES, shape
