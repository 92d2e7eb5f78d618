"""What the template becomes; that it runs is shown by tests/workflow and tests/studies/_template."""

import ast
import re
from pathlib import Path

import pytest
from tests.checkout import ROOT

from widthscope import config, new_study, studies
from widthscope.errors import StoreError, StudyError
from widthscope.new_study import add_to_config, create

TESTS = Path(__file__).parent / "studies"


def written(tmp_path: Path, slug: str = "wide_norms", arxiv: str | None = "2506.00846") -> Path:
    (tmp_path / "studies").mkdir(exist_ok=True)
    return create(slug, arxiv, tmp_path / "studies")


def test_every_file_of_the_template_is_there_under_the_new_name(tmp_path: Path) -> None:
    folder = written(tmp_path)
    template = Path(studies.__file__).parent / "_template"
    assert {path.name for path in folder.iterdir()} == {p.name for p in template.iterdir() if p.is_file()}
    for path in folder.iterdir():
        text = path.read_text()
        assert "_template" not in text
        if path.suffix == ".py":
            ast.parse(text)
    assert 'arxiv="2506.00846"' in (folder / "about.py").read_text()
    assert "widthscope.studies.wide_norms.theory" in (folder / "fit.py").read_text()
    assert 'numpy_generator("wide_norms", ' in (folder / "experiment.py").read_text()


def test_the_tests_come_along_where_there_is_a_place_for_them(tmp_path: Path) -> None:
    place = tmp_path / "tests/_template"
    place.mkdir(parents=True)
    (place / "test__template.py").write_bytes((TESTS / "_template/test__template.py").read_bytes())
    (tmp_path / "studies").mkdir()
    create("wide_norms", None, tmp_path / "studies", tmp_path / "tests")
    text = (tmp_path / "tests/wide_norms/test_wide_norms.py").read_text()
    assert "from widthscope.studies.wide_norms.theory import" in text


@pytest.mark.parametrize(
    "slug", ["", "Wide", "wide-norms", "2wide", "_wide", "wide__norms", "class", "a" * 41]
)
def test_a_malformed_slug_is_refused(tmp_path: Path, slug: str) -> None:
    with pytest.raises(StudyError, match=f"^'{slug}' cannot name a study: a slug is lower-case words"):
        written(tmp_path, slug)


def test_a_name_with_another_use_is_refused(tmp_path: Path) -> None:
    rules = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    taken = {"all", "checkpoints", "datasets", "report", *re.findall(r"^rule (\w+):", rules, re.MULTILINE)}
    assert taken == new_study.RESERVED
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies/base.py").touch()
    for slug in (*taken, "base"):
        with pytest.raises(StudyError, match=f"^'{slug}' cannot name a study: the workflow has another use"):
            written(tmp_path, slug)
    assert [path.name for path in (tmp_path / "studies").iterdir()] == ["base.py"]


@pytest.mark.parametrize("arxiv", ["2506", "arXiv:2506.00846", "2506.00846v1", ""])
def test_a_malformed_paper_is_refused(tmp_path: Path, arxiv: str) -> None:
    with pytest.raises(StudyError, match=r"is no arXiv identifier; one looks like 2506\.00846"):
        written(tmp_path, arxiv=arxiv)


def test_a_study_is_never_overwritten(tmp_path: Path) -> None:
    folder = written(tmp_path)
    (folder / "theory.py").write_text("mine")
    with pytest.raises(StudyError, match="there is a study 'wide_norms' already, in "):
        written(tmp_path)
    assert (folder / "theory.py").read_text() == "mine"
    with pytest.raises(StudyError, match="there is a study 'limit_law' already"):
        create("limit_law")


def test_nothing_is_left_of_a_study_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_before = []

    def full(path: Path, text: str) -> None:
        if written_before:
            raise StoreError(f"cannot write {path}: the disk is full")
        written_before.append(path)
        path.parent.mkdir(parents=True)
        path.write_text(text)

    monkeypatch.setattr(new_study, "atomic_write_text", full)
    with pytest.raises(StoreError, match="the disk is full"):
        written(tmp_path)
    assert len(written_before) == 1
    assert not list((tmp_path / "studies").iterdir())


CONFIG = """# a run of mine
run: mine
seed: 0  # any

studies:  # one line each
    # the first
    limit_law: {}
# the end
"""


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the template for the settings of the new study."""
    load = studies.load
    monkeypatch.setattr(studies, "names", lambda: ("limit_law", "wide_norms"))
    monkeypatch.setattr(
        studies, "load", lambda slug, module: load(slug.replace("wide_norms", "limit_law"), module)
    )


@pytest.mark.usefixtures("known")
def test_the_config_keeps_its_comments(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    assert add_to_config("wide_norms", path)
    added = "studies:  # one line each\n    wide_norms: {}\n"
    assert path.read_text() == CONFIG.replace("studies:  # one line each\n", added)
    assert set(config.read(path).studies) == {"limit_law", "wide_norms"}


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "text", ["run: mine\nstudies: {limit_law: {}}\n", "run: mine\nstudies:\n  - limit_law\n"]
)
def test_a_config_of_another_shape_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    assert not add_to_config("wide_norms", path)
    assert path.read_text() == text
