"""Stores whose files were altered, torn or lost: every damage is found, and named in one sentence."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.example_store import assert_damage_is_named, chunk_files, write_example

from widthscope import store
from widthscope.errors import StoreError

QUICK = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def written(tmp_path):
    return write_example(tmp_path)


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
