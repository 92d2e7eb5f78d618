import base64
import hashlib
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from widthscope import report
from widthscope.errors import StudyError

VOID = {"meta", "link", "input", "br", "img"}


class Page(HTMLParser):
    """Elements of a page with their attributes, ids, and whether tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def all(self, key: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(key)) is not None]


@pytest.fixture(scope="module")
def page(built: report.Built) -> Page:
    return Page(built.page)


def test_tags_are_balanced_and_ids_unique(page):
    assert page.unbalanced == []
    assert page.open == []
    ids = page.all("id")
    assert len(ids) == len(set(ids))


def test_every_inner_link_has_its_target(page):
    ids = set(page.all("id"))
    links = [href for href in page.all("href") if href.startswith("#")]
    assert len(links) > 30
    assert {href[1:] for href in links} <= ids
    named = {word for value in page.all("aria-labelledby") for word in value.split()}
    assert named <= ids


def test_only_arxiv_is_linked_outside_and_nothing_is_loaded(page):
    outside = {href for href in page.all("href") if not href.startswith(("#", "data:"))}
    assert outside == {"https://arxiv.org/abs/2506.00846"}
    assert page.all("src") == []
    assert [tag for tag, _ in page.elements if tag in ("iframe", "object", "embed", "img", "base")] == []


def test_one_script_and_the_policy_allows_just_that(built, page):
    assert [tag for tag, _ in page.elements].count("script") == 1
    script = re.search(r"<script>(.*?)</script>", built.page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(value for value in page.all("content") if "default-src 'none'" in value)
    assert f"script-src 'sha256-{digest}';" in policy
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_hostile_text_is_shown_as_text(built):
    assert "<script>alert" not in built.page
    assert "<img" not in built.page
    assert built.page.count("&lt;script&gt;alert") >= 5


def test_matrix_has_a_lettered_cell_for_each_claim(page, built):
    cells = [
        attributes for tag, attributes in page.elements if "cell" in (attributes.get("class") or "").split()
    ]
    assert [cell["href"] for cell in cells] == [f"#{claim['id']}" for claim in built.claims]
    assert cells[4]["aria-label"] == "output-rate: supported"
    assert "0.976 [0.894, 1.058]" in cells[4]["title"]


def test_a_figure_is_drawn_once_and_linked_from_its_other_claims(built, page):
    assert built.page.count('id="figure-limit_law-rate"') == 1
    assert page.all("href").count("#figure-limit_law-rate") == 2
    assert "Two panels about spare." in built.page
    assert "Its figure, absent, was not drawn." in built.page


def test_a_failed_study_is_shown_as_such(built):
    part = built.page.split('id="qk_spectrum"')[1]
    assert "The claims were not judged: claims.json is missing." in part
    assert "The figures were not drawn: figures.json is missing." in part


def test_a_torn_file_does_not_break_the_page(run_folder, products, tmp_path, templates, paper):
    run = tmp_path / "laptop"
    shutil.copytree(run_folder, run)
    (run / "limit_law" / "claims.json").write_text('[{"id": ')
    (run / "limit_law" / "figures" / "rate.svg").write_text("<svg><broken")
    (run / "limit_law" / "figures" / "kl.svg").unlink()
    (run / "config.json").unlink()
    built = report.build(run, ["limit_law"], products, templates=templates, about_of=paper)
    assert built.claims == []
    assert "is torn or altered" in built.page
    assert "Figure rate is missing or is not an SVG file." in built.page
    assert "The file of figure kl is missing." in built.page
    assert "The configuration was not recorded." in built.page
    assert Page(built.page).unbalanced == []


def test_an_unknown_study_is_shown_as_such(run_folder, products, templates):
    built = report.build(run_folder, ["no_such_study"], products, templates=templates)
    assert "facts cannot be read: " in built.page


def test_a_figure_name_cannot_leave_its_folder(run_folder, products, tmp_path, templates, paper):
    run = tmp_path / "laptop"
    shutil.copytree(run_folder, run)
    (run / "limit_law" / "secret.svg").write_text("<svg><text>secret words</text></svg>")
    (run / "limit_law" / "figures.json").write_text('[{"name": "../secret", "caption": "c", "alt": "a"}]')
    (run / "limit_law" / "claims.json").write_text("[]")
    built = report.build(run, ["limit_law"], products, templates=templates, about_of=paper)
    assert "secret words" not in built.page


def test_products_and_circumstances_are_told(built):
    for words in ("4 fresh, 1 stale", "numpy 2.3.4", "<code>0123456789ab + changes</code>", "2 January 2026"):
        assert words in built.page


def test_what_an_earlier_configuration_left_is_passed_over(run_folder, products, tmp_path, templates, paper):
    run = tmp_path / "laptop"
    shutil.copytree(run_folder, run)
    sweep = run / "limit_law/sweep"
    left = (sweep / "rate-clip.provenance.json").read_text().replace("rate-clip", "rate-gone")
    (sweep / "rate-gone.provenance.json").write_text(left)
    patterns = {"limit_law/output-rate": ("rate-*",)}
    pages = [
        report.build(
            run, ["limit_law"], told, templates=templates, about_of=paper, patterns_of=lambda slug: patterns
        )
        for told in (products, None)
    ]
    seconds = [
        next(claim["seconds"] for claim in page.claims if claim["id"] == "limit_law/output-rate")
        for page in pages
    ]
    assert seconds == [21.25 + 30.5, 21.25 + 30.5 + 30.5]
    assert ["rate-gone" in page.page for page in pages] == [False, True]


def test_without_states_the_recorded_products_are_listed(run_folder, templates, paper):
    built = report.build(
        run_folder, ["limit_law"], templates=templates, about_of=paper, patterns_of=lambda slug: {}
    )
    assert "5 recorded" in built.page


def test_the_same_results_give_the_same_page(built, run_folder, products, templates, paper):
    again = report.build(
        run_folder, ["limit_law"], products, templates=templates, about_of=paper, patterns_of=lambda slug: {}
    )
    once_more = report.build(
        run_folder, ["limit_law"], products, templates=templates, about_of=paper, patterns_of=lambda slug: {}
    )
    assert again.page == once_more.page


def test_many_claims_become_letters(run_folder, products, templates, paper, monkeypatch):
    monkeypatch.setattr("widthscope.report.page.NAMED_CELLS_UP_TO", 5)
    built = report.build(
        run_folder, ["limit_law"], products, templates=templates, about_of=paper, patterns_of=lambda slug: {}
    )
    assert 'class="matrix lettered"' in built.page


def test_a_claim_outside_the_schema_stops_the_build(run_folder, tmp_path, templates, paper):
    run = tmp_path / "laptop"
    shutil.copytree(run_folder, run)
    path = run / "limit_law" / "claims.json"
    path.write_text(path.read_text().replace('"level": 0.9997', '"level": 1.5'))
    with pytest.raises(StudyError, match="exact-sampler does not follow"):
        report.build(run, ["limit_law"], templates=templates, about_of=paper, patterns_of=lambda slug: {})


def test_style_names_only_variables_that_the_theme_defines(templates):
    from widthscope.report.theme import stylesheet

    style = (templates / "style.css").read_text()
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", style))
    assert used
    assert used <= set(re.findall(r"(--[a-z0-9-]+):", stylesheet()))


def test_captions_for_snakemake_are_restructured_text(templates: Path):
    from docutils.core import publish_doctree
    from jinja2 import Environment

    class Wildcards:
        study = "limit_law"

    class Job:
        config = {"run": "laptop"}  # noqa: RUF012
        wildcards = Wildcards()

    for caption in ("workflow", "figures", "page", "claims"):
        text = Environment().from_string((templates / f"{caption}.rst").read_text()).render(snakemake=Job())
        settings = {"report_level": 1, "halt_level": 2}
        assert publish_doctree(text, settings_overrides=settings).astext()
