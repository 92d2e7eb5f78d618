"""An edit changes exactly the fingerprints of the entries that import the edited module."""

import gc
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from widthscope import studies
from widthscope.errors import StudyError
from widthscope.fingerprint import Fingerprint, fingerprint, recall
from widthscope.source_cache import CACHE_FOLDER
from widthscope.source_tree import SourceTree

IMPORTS = {
    "lab.sweep": {"lab.law", "lab.store"},
    "lab.fit": {"lab.store", "lab.statistics"},
    "lab.figures": {"lab.style"},
    "lab.law": set(),
    "lab.store": {"lab.files"},
    "lab.files": set(),
    "lab.statistics": {"lab.law"},
    "lab.style": set(),
    "lab": set(),
}
REACHED_BY = {
    "lab.sweep": {"lab", "lab.sweep", "lab.law", "lab.store", "lab.files"},
    "lab.fit": {"lab", "lab.fit", "lab.store", "lab.files", "lab.statistics", "lab.law"},
    "lab.figures": {"lab", "lab.figures", "lab.style"},
}
TEMPLATE = '''"""Module {name}."""
{imports}

SCALE = {scale}  # a number


def value(x):
    """Scale x."""
    return SCALE * x
'''


def module_path(root: Path, name: str) -> Path:
    return root / ("lab/__init__.py" if name == "lab" else name.replace(".", "/") + ".py")


def write_module(root: Path, name: str, scale: int = 1) -> None:
    path = module_path(root, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    imports = "\n".join(f"import {target}" for target in sorted(IMPORTS[name]))
    path.write_text(TEMPLATE.format(name=name, imports=imports, scale=scale))


@pytest.fixture
def lab(tmp_path: Path) -> Callable[[], SourceTree]:
    for name in IMPORTS:
        write_module(tmp_path, name)
    return lambda: SourceTree({"lab": tmp_path / "lab"}, tmp_path)


def digests(tree: SourceTree) -> dict[str, str]:
    return {entry: fingerprint([entry], tree=tree).digest for entry in REACHED_BY}


@pytest.mark.parametrize("edited", sorted(IMPORTS))
def test_an_edit_reaches_exactly_its_importers(
    lab: Callable[[], SourceTree], tmp_path: Path, edited: str
) -> None:
    before = digests(lab())
    write_module(tmp_path, edited, scale=2)
    after = digests(lab())
    changed = {entry for entry in before if before[entry] != after[entry]}
    assert changed == {entry for entry, reached in REACHED_BY.items() if edited in reached}


@given(edited=st.sampled_from(sorted(IMPORTS)), words=st.text("abc xyz#'\\", max_size=20))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_words_reach_nothing(lab: Callable[[], SourceTree], tmp_path: Path, edited: str, words: str) -> None:
    before = digests(lab())
    path = module_path(tmp_path, edited)
    text = path.read_text().split("\n", 1)[1]
    path.write_text(f"{words!r}\n\n\n# {words}\n{text}\n# {words}\n")
    assert digests(lab()) == before


def test_modules_and_functions_are_named(lab: Callable[[], SourceTree]) -> None:
    found = fingerprint(["lab.figures"], tree=lab())
    assert set(found.modules) == REACHED_BY["lab.figures"]
    assert {"value", "<statements>"} <= set(found.modules["lab.style"])


def test_the_order_of_entries_does_not_matter(lab: Callable[[], SourceTree]) -> None:
    tree = lab()
    assert fingerprint(["lab.fit", "lab.sweep"], tree=tree) == fingerprint(
        ["lab.sweep", "lab.fit"], tree=tree
    )


def test_bytes_of_other_files_count(lab: Callable[[], SourceTree], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>one</p>")
    one = fingerprint(["lab.fit"], ["page.html"], tree=lab())
    page.write_text("<p>two</p>")
    two = fingerprint(["lab.fit"], ["page.html"], tree=lab())
    assert one.digest != two.digest
    assert one.modules == two.modules
    page.unlink()
    with pytest.raises(StudyError, match=r"page\.html.*cannot be read: No such file"):
        fingerprint(["lab.fit"], ["page.html"], tree=lab())


def test_only_versions_of_imported_packages_count(
    lab: Callable[[], SourceTree], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module_path(tmp_path, "lab.law").write_text(
        "def f():\n    import torch\nfrom sklearn import svm\nimport re\n"
    )
    tree = lab()
    assert set(fingerprint(["lab.sweep"], tree=tree).versions) == {"python", "torch", "sklearn"}
    assert set(fingerprint(["lab.figures"], tree=tree).versions) == {"python"}
    before = digests(tree)
    monkeypatch.setattr("widthscope.fingerprint._version", lambda name: "99.9")
    after = digests(lab())
    assert {entry for entry in before if before[entry] != after[entry]} == {"lab.sweep", "lab.fit"}


def test_the_build_of_a_package_does_not_count() -> None:
    versions = fingerprint(["widthscope.streams"]).versions
    assert versions["torch"].replace(".", "").isdigit()


def test_a_fingerprint_survives_its_record_and_is_remembered(
    lab: Callable[[], SourceTree], tmp_path: Path
) -> None:
    found = fingerprint(["lab.fit"], tree=lab())
    assert Fingerprint.from_record(found.record()) == found
    assert recall(found.digest, tmp_path / CACHE_FOLDER) == found
    assert recall("0" * 64, tmp_path / CACHE_FOLDER) is None


def test_only_the_last_few_fingerprints_are_remembered(lab: Callable[[], SourceTree], tmp_path: Path) -> None:
    taken = []
    for scale in range(6):
        write_module(tmp_path, "lab.style", scale)
        taken.append(fingerprint(["lab.figures"], tree=lab()).digest)
    known = [recall(digest, tmp_path / CACHE_FOLDER) is not None for digest in taken]
    assert known == [False, False, True, True, True, True]


def test_forty_fingerprints_of_this_package_are_quick() -> None:
    """That is what one parse of the Snakefile asks of a warm cache."""
    entries = [f"widthscope.studies.{slug}.settings" for slug in studies.names()] + ["widthscope.cli"]
    fingerprint(entries)
    gc.collect()
    gc.freeze()  # what other tests have left in this process would be looked through again and again
    try:
        start = time.process_time()
        tree = SourceTree()
        for i in range(40):
            fingerprint([entries[i % len(entries)], "widthscope.workflow.job"], tree=tree)
        assert time.process_time() - start < 0.3
    finally:
        gc.unfreeze()
