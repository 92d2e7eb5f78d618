"""Stores: what is written comes back, and nothing half written ever counts."""

import errno
import json
import warnings
from pathlib import Path

import dask.array
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.example_store import assert_damage_is_named, chunk_files, write_example

from widthscope import store, zarr_tree
from widthscope.errors import StoreError

DTYPES = ["bool", "int8", "int64", "uint16", "float16", "float32", "float64", "complex64", "complex128"]
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,7}", fullmatch=True).filter(lambda name: name != "coordinates")
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
ATTRS = st.dictionaries(
    NAMES,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=4,
    ),
    max_size=3,
)
QUICK = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def datasets(draw) -> xr.Dataset:
    sizes = draw(st.dictionaries(NAMES.map("dim-{}".format), st.integers(0, 4), max_size=3))
    variables = {}
    for name in draw(st.lists(NAMES, max_size=4, unique=True)):
        dims = draw(st.lists(st.sampled_from(sorted(sizes)), unique=True)) if sizes else []
        shape = tuple(sizes[dim] for dim in dims)
        if draw(st.booleans()):
            values = draw(hnp.arrays(draw(st.sampled_from(DTYPES)), shape))
        else:
            values = draw(hnp.arrays(object, shape, elements=TEXT)).astype(
                draw(st.sampled_from([object, np.str_]))
            )
        variables[name] = (dims, values, draw(ATTRS))
    coordinates = draw(st.sets(st.sampled_from(sorted(variables)))) if variables else set()
    indexed = {
        dim: draw(hnp.arrays(draw(st.sampled_from(["int64", "float64"])), size))
        for dim, size in sizes.items()
        if draw(st.booleans())
    }
    return xr.Dataset(variables, indexed, draw(ATTRS)).set_coords(coordinates)


@st.composite
def trees(draw) -> xr.DataTree:
    # Groups whose names no variable has, side by side or nested in groups without indexes of their own.
    groups = draw(st.dictionaries(NAMES.map("Group-{}".format), datasets(), max_size=2))
    nested = {f"/Nest/{name}": dataset for name, dataset in groups.items()}
    return xr.DataTree.from_dict({**nested, "/Side": draw(datasets())})


@pytest.fixture
def written(tmp_path):
    return write_example(tmp_path)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def assert_same(one: xr.DataTree, other: xr.DataTree) -> None:
    """As `DataTree.identical`, with NaNs equal, dtypes compared, and text equal however it is held."""
    assert [node.path for node in one.subtree] == [node.path for node in other.subtree]
    for left, right in zip(one.subtree, other.subtree, strict=True):
        xr.testing.assert_identical(left.to_dataset(inherit=False), right.to_dataset(inherit=False))
        for name, variable in left.to_dataset(inherit=False).variables.items():
            kinds = variable.dtype, right[name].dtype
            assert kinds[0] == kinds[1] or all(kind.kind in "UOT" for kind in kinds), name


@given(tree=trees())
@QUICK
def test_any_tree_comes_back(tmp_path, tree):
    digest = store.write(tree, tmp_path / "a.zarr", tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == digest == store.content_digest(tree)
    store.check(tmp_path / "a.zarr", tmp_path / "a.json")
    for chunks in [None, "auto", {}]:
        back = store.read(tmp_path / "a.zarr", tmp_path / "a.json", chunks=chunks)
        assert store.content_digest(back) == digest
        tree_sorted = xr.DataTree.from_dict(
            {node.path: node.to_dataset(inherit=False) for node in back.subtree}
        )
        assert {node.path for node in tree.subtree} == {node.path for node in tree_sorted.subtree}
        for node in tree.subtree:
            assert_same(
                xr.DataTree(node.to_dataset(inherit=False)),
                xr.DataTree(back[node.path].to_dataset(inherit=False)),
            )
    assert names(tmp_path) == ["a.json", "a.zarr"]


def test_a_dataset_is_a_tree_of_one_group(tmp_path):
    dataset = xr.Dataset({"x": ("width", [1.0, np.nan])}, coords={"width": [64, 128]})
    store.write(dataset, tmp_path / "a.zarr", tmp_path / "a.json")
    xr.testing.assert_identical(store.read(tmp_path / "a.zarr").to_dataset(), dataset)


def test_labels_select_after_a_round_trip(written):
    _, path, digest = written
    root = store.read(path, digest).to_dataset()
    assert root.component.dtype.kind == "U"
    assert float(root.estimate.sel(component="größe")) == float(root.estimate[1])


def test_xarray_reads_a_store_without_us(written):
    tree, path, _ = written
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theirs = xr.open_datatree(path, engine="zarr", consolidated=False)
    assert store.content_digest(theirs) == store.content_digest(tree)


def test_a_rewritten_store_has_the_digest_file_of_the_first(written, tmp_path):
    tree, _, digest = written
    store.write(tree, tmp_path / "again.zarr", tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == digest.read_bytes()


def test_the_chunks_of_a_store_do_not_count(written, tmp_path, monkeypatch):
    tree, _, digest = written
    with monkeypatch.context() as patched:
        patched.setattr(
            zarr_tree, "block_shape", lambda shape, dtype: tuple(-(-length // 3) for length in shape)
        )
        store.write(tree, tmp_path / "other.zarr", tmp_path / "other.json")
    assert len(chunk_files(tmp_path / "other.zarr" / "large")) == 9
    assert (tmp_path / "other.json").read_bytes() == digest.read_bytes()
    assert store.content_digest(store.read(tmp_path / "other.zarr", digest)) == store.content_digest(tree)
    (tmp_path / "other.zarr/large/draws/c/1/2").unlink()
    assert_damage_is_named(tmp_path / "other.zarr", digest, "chunk c/1/2 of /large/draws is missing")


def test_xarrays_own_writer_keeps_the_digest(written, tmp_path):
    tree, _, _ = written
    plain = tree.map_over_datasets(
        lambda group: group.assign_coords(
            {name: group[name].astype(object) for name in group.coords if name != "seed"}
        )
    )
    plain.to_zarr(tmp_path / "plain.zarr", zarr_format=3, consolidated=False)
    theirs = xr.open_datatree(tmp_path / "plain.zarr", engine="zarr", consolidated=False)
    assert store.content_digest(theirs) == store.content_digest(tree)


def test_snakemakes_timestamp_is_passed_over(written):
    tree, path, digest = written
    (path / ".snakemake_timestamp").touch()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.check(path, digest)
        assert store.content_digest(store.read(path, digest)) == store.content_digest(tree)


def test_chunks_are_few_and_fill_values_are_written(written):
    _, path, _ = written
    assert len(chunk_files(path / "large")) == 3  # 9.6 MB in blocks of at most 4 MiB
    assert len(chunk_files(path / "empty")) == 1
    metadata = json.loads((path / "empty" / "zarr.json").read_text())
    assert metadata["fill_value"] == "NaN"
    assert [codec["name"] for codec in metadata["codecs"]] == ["bytes", "zstd", "crc32c"]


def test_dask_arrays_are_computed_once_and_share_their_work(tmp_path):
    computed = []

    def block(block_id):
        computed.append(block_id)
        return np.full((100, 500), float(sum(block_id)))

    rows = dask.array.map_blocks(
        block, chunks=((100,) * 20, (500,) * 4), dtype="float64", meta=np.empty((0, 0))
    )
    dataset = xr.Dataset({"rows": (("i", "j"), rows), "total": ("j", rows.sum(0)), "top": ((), rows.max())})
    digest = store.write(dataset, tmp_path / "a.zarr", tmp_path / "a.json")
    assert sorted(computed) == [(i, j) for i in range(20) for j in range(4)]
    assert digest == store.content_digest(dataset.compute())
    back = store.read(tmp_path / "a.zarr", tmp_path / "a.json", chunks={"i": 150, "absent": 3})
    assert back["rows"].chunks[0][0] == 150
    xr.testing.assert_identical(back.to_dataset().compute(), dataset.compute())


def test_an_error_in_the_computation_is_not_the_disks(tmp_path):
    def fail(block):
        raise FileNotFoundError("draws.npy")

    values = dask.array.ones(3).map_blocks(fail, dtype=float, meta=np.empty(0))
    with pytest.raises(FileNotFoundError, match=r"draws\.npy"):
        store.write(xr.Dataset({"x": ("i", values)}), tmp_path / "a.zarr", tmp_path / "a.json")
    assert names(tmp_path) == []


def test_a_disk_that_returns_other_bytes_is_found_out(tmp_path, monkeypatch):
    original = zarr_tree.StoredArray.feed

    def flip(self, digest):
        file = self.store / self.path.lstrip("/") / "c" / "0"
        file.write_bytes(file.read_bytes()[:-1] + b"?")
        original(self, digest)

    monkeypatch.setattr(zarr_tree.StoredArray, "feed", flip)
    with pytest.raises(StoreError, match="not what was meant"):
        store.write(xr.Dataset({"x": ("i", [1.0])}), tmp_path / "a.zarr", tmp_path / "a.json")
    assert names(tmp_path) == []


def test_a_tree_that_cannot_be_stored_leaves_the_earlier_store(written):
    tree, path, digest = written
    with pytest.raises(StoreError, match="'two words'"):
        store.write(xr.Dataset({"two words": 1}), path, digest)
    assert_same(store.read(path, digest)["large"], tree["large"])
    assert names(path.parent) == ["fit.digest.json", "fit.zarr"]


def test_a_store_takes_the_place_of_what_stood_there(written):
    _, path, digest = written
    later = xr.Dataset({"only": ("i", [1])})
    store.write(later, path, digest)
    assert names(path) == ["only", "zarr.json"]
    xr.testing.assert_identical(store.read(path, digest).to_dataset(), later)
    assert names(path.parent) == ["fit.digest.json", "fit.zarr"]


def test_a_digest_file_that_cannot_be_named_brings_the_earlier_store_back(written, monkeypatch):
    tree, path, digest = written

    replace = Path.replace

    def refuse(source, target):
        if target == digest:
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        with pytest.raises(StoreError, match="the disk is full"):
            store.write(xr.Dataset({"x": 1}), path, digest)
    assert_same(store.read(path, digest)["large"], tree["large"])
    assert names(path.parent) == ["fit.digest.json", "fit.zarr"]


def test_read_all_names_trees_by_their_stores_and_verifies_each(tmp_path: Path) -> None:
    for width in (8, 16):
        data = xr.Dataset({"loss": ("seed", np.full(3, float(width)))})
        store.write(data, tmp_path / f"sweep-n{width}.zarr", tmp_path / f"sweep-n{width}.digest.json")
    stores = [tmp_path / "sweep-n8.zarr", tmp_path / "sweep-n16.zarr"]
    digests = [tmp_path / "sweep-n8.digest.json", tmp_path / "sweep-n16.digest.json"]
    trees = store.read_all(stores, digests)
    assert {name: float(tree["loss"][0]) for name, tree in trees.items()} == {"sweep-n8": 8, "sweep-n16": 16}
    with pytest.raises(StoreError, match="sweep-n8"):
        store.read_all(stores, digests[::-1])
