"""Small files: replaced in one step, with equal bytes for equal content, and nothing half written."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from widthscope.errors import StoreError
from widthscope.files import (
    atomic_write_json,
    atomic_write_text,
    partial_sibling,
    partial_siblings,
    read_json,
)


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_text_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "new" / "folder" / "note.txt"
    atomic_write_text(path, "first\n")
    atomic_write_text(path, "zweite Größe\n")
    assert path.read_bytes() == "zweite Größe\n".encode()
    assert names(path.parent) == ["note.txt"]


def test_files_have_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("")
    atomic_write_text(tmp_path / "atomic", "")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_equal_content_gives_equal_bytes(tmp_path):
    atomic_write_json(tmp_path / "one.json", {"b": [1, 2.5, None], "a": {"y": "é", "x": True}})
    atomic_write_json(tmp_path / "two.json", {"a": {"x": True, "y": "é"}, "b": [1, 2.5, None]})
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert read_json(tmp_path / "one.json") == {"a": {"x": True, "y": "é"}, "b": [1, 2.5, None]}


@pytest.mark.parametrize("content", [{"a": float("nan")}, {"a": {1, 2}}])
def test_what_is_not_json_writes_nothing(tmp_path, content):
    with pytest.raises((ValueError, TypeError)):
        atomic_write_json(tmp_path / "a.json", content)
    assert names(tmp_path) == []


def test_leftovers_of_killed_writers_are_cleared_and_those_of_others_kept(tmp_path):
    path = tmp_path / "a.json"
    partial_sibling(path).write_text("{")
    other = partial_sibling(tmp_path / "a.json.b")
    other.write_text("{")
    assert len(partial_siblings(path)) == 1
    atomic_write_json(path, {})
    assert names(tmp_path) == sorted(["a.json", other.name])


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "no permission"),
        (errno.EROFS, "read-only"),
        (errno.ESTALE, os.strerror(errno.ESTALE)),
    ],
)
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_refused_write_leaves_the_earlier_file(tmp_path, monkeypatch, code, words, step):
    path = tmp_path / "a.txt"
    path.write_text("earlier")

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), refuse)
    with pytest.raises(StoreError, match=words) as caught:
        atomic_write_text(path, "later")
    assert str(path) in str(caught.value)
    assert path.read_text() == "earlier"
    assert names(tmp_path) == ["a.txt"]


def test_a_file_too_large_for_the_system_leaves_the_earlier_file(tmp_path):
    (tmp_path / "a.txt").write_text("earlier")
    script = """
import resource
from widthscope.errors import StoreError
from widthscope.files import atomic_write_text
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    atomic_write_text("a.txt", "later" * 1000)
except StoreError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "largest file size" in done.stdout
    assert (tmp_path / "a.txt").read_text() == "earlier"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_in_the_way_is_named(tmp_path):
    (tmp_path / "a").write_text("a file, where a folder is wanted")
    with pytest.raises(StoreError, match="cannot write"):
        atomic_write_text(tmp_path / "a" / "b.txt", "")


@pytest.mark.parametrize(("text", "words"), [("{", "torn or altered"), (None, "cannot read")])
def test_torn_and_missing_json_is_named(tmp_path, text, words):
    path = tmp_path / "a.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(StoreError, match=words) as caught:
        read_json(path)
    assert str(path) in str(caught.value)
