"""The import closure on a package made for it, and the memory between processes."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from widthscope.errors import StudyError
from widthscope.source_cache import CACHE_FOLDER
from widthscope.source_tree import SourceTree

FILES = {
    "pkg/__init__.py": "",
    "pkg/a.py": "from pkg.sub import b\nimport numpy as np\n",
    "pkg/sub/__init__.py": "from . import setup\n",
    "pkg/sub/setup.py": "",
    "pkg/sub/b.py": "from .deep.c import value\n",
    "pkg/sub/deep/__init__.py": "",
    "pkg/sub/deep/c.py": "from ...top import x\nfrom .. import d\nvalue = 1\n",
    "pkg/sub/d.py": "def late():\n    import pkg.late\n    import scipy.stats\n",
    "pkg/top.py": "from pkg.a import something\nx = 1\n",
    "pkg/late.py": "",
    "pkg/typed.py": "",
    "pkg/lonely.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pkg.typed\n",
    "scripts/run.py": "from pkg.sub import d\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[], SourceTree]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return lambda: SourceTree({"pkg": tmp_path / "pkg"}, tmp_path)


def test_closure_follows_every_form_of_import_and_the_parents(tree: Callable[[], SourceTree]) -> None:
    modules, external = tree().closure(["pkg.a"])
    assert modules == {
        "pkg",
        "pkg.a",
        "pkg.sub",
        "pkg.sub.setup",
        "pkg.sub.b",
        "pkg.sub.deep",
        "pkg.sub.deep.c",
        "pkg.sub.d",
        "pkg.top",
        "pkg.late",
    }
    assert external == {"numpy", "scipy"}


def test_a_script_reaches_what_it_imports(tree: Callable[[], SourceTree]) -> None:
    modules, external = tree().closure(["scripts/run.py"])
    assert modules == {"scripts/run.py", "pkg", "pkg.sub", "pkg.sub.setup", "pkg.sub.d", "pkg.late"}
    assert external == {"scipy"}


def test_imports_for_type_checkers_are_not_followed(tree: Callable[[], SourceTree]) -> None:
    assert tree().closure(["pkg.lonely"])[0] == {"pkg", "pkg.lonely"}


def test_closure_of_several_entries_is_the_union(tree: Callable[[], SourceTree]) -> None:
    one = tree()
    assert (
        one.closure(["pkg.lonely", "scripts/run.py"])[0]
        == one.closure(["pkg.lonely"])[0] | one.closure(["scripts/run.py"])[0]
    )


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("pkg.topp", "there is no module 'pkg.topp'; did you mean 'pkg.top'?"),
        ("numpy", "'numpy' is no module of this project; its packages are pkg"),
        ("scripts/rum.py", "there is no script 'scripts/rum.py' in "),
    ],
)
def test_an_unknown_entry_is_named(tree: Callable[[], SourceTree], entry: str, sentence: str) -> None:
    with pytest.raises(StudyError) as error:
        tree().closure([entry])
    assert str(error.value).startswith(sentence)


def test_a_file_that_is_not_python_is_named_with_its_line(
    tree: Callable[[], SourceTree], tmp_path: Path
) -> None:
    (tmp_path / "pkg/late.py").write_text("x = 1\ny = = 2\n")
    with pytest.raises(StudyError, match=r"late\.py, line 2 is not Python: invalid syntax"):
        tree().closure(["pkg.a"])


def test_an_edit_is_seen_by_the_next_tree_even_with_the_same_size_and_time(
    tree: Callable[[], SourceTree], tmp_path: Path
) -> None:
    import os

    path = tmp_path / "pkg/late.py"
    path.write_text("x = 1\n")
    times = path.stat()
    before = tree().source("pkg.late")
    path.write_text("x = 2\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert tree().source("pkg.late") != before


def test_what_was_parsed_is_remembered(
    tree: Callable[[], SourceTree], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tree()
    expected = first.closure(["pkg.a"])
    monkeypatch.setattr("widthscope.source_tree.parse", lambda text: pytest.fail("parsed again"))
    second = tree()
    assert second.closure(["pkg.a"]) == expected
    assert all(second.source(name) == first.source(name) for name in expected[0])


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format": "other", "sources": {}}', '{"sources": 3}'])
def test_a_damaged_memory_is_no_harm(tree: Callable[[], SourceTree], tmp_path: Path, content: str) -> None:
    expected = tree().closure(["pkg.a"])
    (tmp_path / CACHE_FOLDER / "parsed.json").write_text(content)
    assert tree().closure(["pkg.a"]) == expected


def test_a_memory_that_cannot_be_written_is_no_harm(tmp_path: Path, tree: Callable[[], SourceTree]) -> None:
    (tmp_path / CACHE_FOLDER).write_text("a file where the folder should be")
    assert "pkg.late" in tree().closure(["pkg.a"])[0]


def test_concurrent_jobs_leave_a_whole_memory(tree: Callable[[], SourceTree], tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: tree().closure(["pkg.a"]), range(40)))
    assert len(set(results)) == 1
    content = json.loads((tmp_path / CACHE_FOLDER / "parsed.json").read_text())
    assert len(content["sources"]) >= 7
    assert not list((tmp_path / CACHE_FOLDER).glob("*.tmp"))
