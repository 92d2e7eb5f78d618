"""Stores: what is written comes back, what is damaged is named, and nothing half written ever counts."""

import errno
import json
import os
import shutil
import warnings
from pathlib import Path

import dask.array
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

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
    """A small store of several groups, with more than one chunk in one array."""
    generator = np.random.default_rng(1)
    root = xr.Dataset(
        {"estimate": ("component", generator.normal(size=3)), "empty": ("component", np.full(3, np.nan))},
        coords={"component": ["slope", "größe", ""], "seed": 3},
        attrs={"level": 0.99},
    )
    large = xr.Dataset({"draws": (("member", "time"), generator.integers(0, 2, size=(3, 400_000)))})
    heads = root.isel(component=[0]).rename(component="head")
    tree = xr.DataTree.from_dict({"/": root, "/claims/heads": heads, "/large": large})
    path, digest = tmp_path / "fit.zarr", tmp_path / "fit.digest.json"
    store.write(tree, path, digest)
    return tree, path, digest


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def chunk_files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file() and file.name != "zarr.json")


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


def assert_damage_is_named(path: Path, digest: Path, *words: str) -> None:
    for look in (store.check, store.read, lambda *at: store.read(*at, chunks={})):
        with pytest.raises(StoreError) as caught:
            look(path, digest)
        message = str(caught.value)
        assert str(path) in message
        assert "\n" not in message
        for word in words:
            assert word in message


def test_every_flipped_byte_of_every_chunk_is_found(written):
    tree, path, _ = written
    small = path.with_name("small.zarr"), path.with_name("small.json")
    del tree.children
    store.write(tree, *small)
    masks = np.random.default_rng(2).integers(1, 256, size=100_000)
    flips = 0
    for file in chunk_files(small[0]):
        original = file.read_bytes()
        for place in range(len(original)):
            flipped = bytearray(original)
            flipped[place] ^= int(masks[flips])
            flips += 1
            file.write_bytes(flipped)
            with pytest.raises(StoreError, match=f"chunk c.* of /{file.relative_to(small[0]).parts[0]} "):
                store.read(small[0])  # the checksums find it even without the digest
        file.write_bytes(original)
    assert flips > 100
    store.check(*small)


@given(data=st.data())
@QUICK
def test_a_flipped_byte_of_a_large_chunk_is_found(written, data):
    _, path, digest = written
    file = data.draw(st.sampled_from(chunk_files(path / "large")))
    original = file.read_bytes()
    flipped = bytearray(original)
    flipped[data.draw(st.integers(0, len(original) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(flipped)
    try:
        with pytest.raises(
            StoreError, match=f"chunk {file.relative_to(path / 'large' / 'draws')} of /large/draws "
        ):
            store.check(path, digest)
    finally:
        file.write_bytes(original)


@given(data=st.data())
@settings(QUICK, max_examples=200)
def test_a_flipped_byte_of_the_metadata_is_found_or_harmless(written, data):
    """Some bytes of a zarr.json say nothing about the content: a blank, a compression level, a fill value."""
    tree, path, digest = written
    file = data.draw(
        st.sampled_from([file for file in sorted(path.rglob("zarr.json")) if "large" not in file.parts])
    )
    original = file.read_bytes()
    flipped = bytearray(original)
    flipped[data.draw(st.integers(0, len(original) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(flipped)
    problem, back = None, None
    try:
        back = store.read(path, digest)
    except StoreError as error:
        problem = str(error)
    file.write_bytes(original)
    if back is not None:
        assert store.content_digest(back) == store.content_digest(tree)
    else:
        assert str(path) in problem
        assert "\n" not in problem


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def edit_json(edit):
    def damage(file: Path) -> None:
        content = json.loads(file.read_text())
        edit(content)
        file.write_text(json.dumps(content))

    return damage


DAMAGE = {
    "a missing chunk": ("large/draws/c/1/0", Path.unlink, ["chunk c/1/0 of /large/draws is missing"]),
    "a missing chunk of fill values": ("empty/c/0", Path.unlink, ["chunk c/0 of /empty is missing"]),
    "a truncated chunk": ("large/draws/c/1/0", truncate, ["chunk c/1/0 of /large/draws cannot be decoded"]),
    "an empty chunk": ("estimate/c/0", lambda file: os.truncate(file, 0), ["chunk c/0 of /estimate"]),
    "a truncated label": ("component/c/0", truncate, ["chunk c/0 of /component cannot be decoded"]),
    "a chunk of another array": (
        "claims/heads/estimate/c/0",
        lambda file: shutil.copy(file.parents[2] / "empty/c/0", file),
        ["variable /claims/heads/estimate differs from its digest"],
    ),
    "missing metadata of an array": (
        "estimate/zarr.json",
        Path.unlink,
        ["zarr.json of /estimate is missing"],
    ),
    "missing metadata of a group": ("claims/zarr.json", Path.unlink, ["zarr.json of /claims is missing"]),
    "missing metadata of the root": ("zarr.json", Path.unlink, ["zarr.json of / is missing"]),
    "torn metadata": ("estimate/zarr.json", truncate, ["estimate/zarr.json is torn or altered"]),
    "metadata that is no object": ("estimate/zarr.json", lambda file: file.write_text("[]"), ["/estimate"]),
    "an unknown codec": (
        "estimate/zarr.json",
        edit_json(lambda content: content["codecs"][1].update(name="zstandard")),
        ["the metadata of /estimate cannot be understood"],
    ),
    "an altered shape": ("estimate/zarr.json", edit_json(lambda c: c.update(shape=[2])), ["/estimate"]),
    "an altered attribute": (
        "zarr.json",
        edit_json(lambda content: content["attributes"].update(level=0.95)),
        ["attributes of group / differs from its digest"],
    ),
    "a missing variable": ("estimate", shutil.rmtree, ["variable /estimate is missing"]),
    "a missing group": ("claims", shutil.rmtree, ["group /claims is missing"]),
    "a variable too many": (
        "estimate",
        lambda folder: shutil.copytree(folder, folder.with_name("extra")),
        ["variable /extra is not in its digest"],
    ),
    "a missing store": ("", shutil.rmtree, ["does not exist"]),
    "a missing digest file": ("../fit.digest.json", Path.unlink, ["no digest file", "never finished"]),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named(written, damage):
    _, path, digest = written
    place, harm, words = DAMAGE[damage]
    harm(path / place)
    assert_damage_is_named(path, digest, *words)


@pytest.mark.parametrize("text", ["{", "[]", '{"digest": "0"}', '{"arrays": [], "groups": {}}'])
def test_a_torn_digest_file_is_named(written, text):
    _, path, digest = written
    digest.write_text(text)
    with pytest.raises(StoreError, match="torn or altered") as caught:
        store.read(path, digest)
    assert str(digest) in str(caught.value)


def test_an_altered_total_in_the_digest_file_is_named(written):
    _, path, digest = written
    edit_json(lambda content: content.update(digest="0" * 64))(digest)
    assert_damage_is_named(path, digest, "digest file")


def test_a_missing_chunk_is_named_without_a_digest(written):
    _, path, _ = written
    (path / "empty" / "c" / "0").unlink()
    for chunks in (None, {}):
        with pytest.raises(StoreError, match="chunk c/0 of /empty is missing"):
            store.read(path, chunks=chunks)


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
