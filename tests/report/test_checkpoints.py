"""A checkpoint's part of the page: what it shows, what it says of failures, and that names are only text."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.checkpoints import made
from tests.report.test_page import Page

from widthscope import report
from widthscope.checkpoints import analysis, table
from widthscope.report import checkpoints


@pytest.fixture(scope="module", params=["with_checkpoints", "checkpoints_alone"])
def page(request: pytest.FixtureRequest) -> Page:
    return Page(request.getfixturevalue(request.param).page)


def part(built: report.Built, name: str) -> str:
    return built.page.split(f'<section id="checkpoint-{name}"')[1].split("</section>")[0]


def test_the_page_is_sound_and_its_links_lead_somewhere(page: Page) -> None:
    assert page.unbalanced == []
    assert page.open == []
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    links = [href for href in page.all("href") if href.startswith("#")]
    assert {href[1:] for href in links} <= set(ids)
    assert {word for value in page.all("aria-labelledby") for word in value.split()} <= set(ids)
    assert page.all("src") == []


def test_a_run_of_checkpoints_alone_speaks_of_no_claims(checkpoints_alone: report.Built) -> None:
    assert checkpoints_alone.claims == []
    assert '<h1 id="title">What query-key weights say</h1>' in checkpoints_alone.page
    assert "2 checkpoints" in checkpoints_alone.page
    for absent in ('href="#claims"', 'id="claims"', "0 claims", "claims.json", "supported"):
        assert absent not in checkpoints_alone.page.split("</style>")[1].split("<body>")[1]
    assert 'id="checkpoint-my-gpt"' in checkpoints_alone.page


def test_the_navigation_has_every_checkpoint_after_the_studies(with_checkpoints: report.Built) -> None:
    navigation = with_checkpoints.page.split("<nav")[1].split("</nav>")[0]
    places = [
        navigation.index(f">{name}<") if name == "limit_law" else navigation.index(f'-{name}">{name}')
        for name in ("limit_law", "my-gpt", "plain", "broken", "absent")
    ]
    assert places == sorted(places)
    marked = '<span class="problem-word">not analysed</span></a>'
    assert navigation.count(marked) == 2
    for name in ("broken", "absent"):
        assert f">{name} {marked}" in navigation


def opening(built: report.Built) -> str:
    return built.page.split('<section class="opening"')[1].split("</section>")[0]


def test_the_opening_says_which_checkpoints_could_not_be_analysed(
    with_checkpoints: report.Built, checkpoints_alone: report.Built, built: report.Built
) -> None:
    said = " ".join(opening(with_checkpoints).split())
    assert "<strong>2 of 4 checkpoints</strong> could not be analysed:" in said
    assert '<a href="#checkpoint-broken">broken</a>, <a href="#checkpoint-absent">absent</a>.' in said
    assert "<strong>1 of 2 checkpoints</strong>" in opening(checkpoints_alone)
    assert "could not be analysed" not in opening(built)


def test_names_from_a_file_are_shown_as_text(with_checkpoints: report.Built) -> None:
    assert "<script>alert" not in with_checkpoints.page
    assert "<img" not in with_checkpoints.page
    shown = part(with_checkpoints, "my-gpt")
    assert "Rotary &lt;script&gt;alert" in shown
    assert shown.count("h.&lt;script&gt;alert") >= 6


def test_facts_heads_worth_a_look_and_figures_are_shown(with_checkpoints: report.Built) -> None:
    shown = part(with_checkpoints, "my-gpt")
    for words in ("model.safetensors", "float32, analysed in float64", "6 of dimension 8 in each layer"):
        assert words in shown
    assert "<strong>h.2 head 5</strong> <span>trace score" in shown
    assert "of 18 heads have a trace beyond chance" in shown
    assert "4.0\u202fs, 412\u202fMB of memory" in shown
    assert shown.count("<figure id=") == 3
    assert shown.count('class="problem"') == 0


def test_the_table_has_every_head_and_every_column(with_checkpoints: report.Built) -> None:
    shown = part(with_checkpoints, "my-gpt").split('class="sortable numbers"')[1].split("</table>")[0]
    assert shown.count("<tr>") == 1 + 18
    columns = shown.split("</tr>")[0].count("<th scope") - 1
    assert columns == part(with_checkpoints, "my-gpt").count("<dt>") - 7  # seven facts have a name too
    assert shown.count("<td ") == 18 * columns


def test_a_random_model_says_that_nothing_stands_out(with_checkpoints: report.Built) -> None:
    assert "No head passes a threshold of the rule." in part(with_checkpoints, "plain")


def test_a_failure_stands_in_its_place_and_the_rest_is_built(with_checkpoints: report.Built) -> None:
    broken = part(with_checkpoints, "broken")
    assert "<strong>Not analysed.</strong> model &lt;script&gt;" in broken
    assert "ends inside its header." in broken
    assert "<table" not in broken
    assert "It was not analysed: " in part(with_checkpoints, "absent")
    assert len(with_checkpoints.claims) == 13


def test_figures_that_are_missing_are_said(run_folder: Path, tmp_path: Path, templates, paper) -> None:
    from tests.report.conftest import write_checkpoints

    run = tmp_path / "laptop"
    shutil.copytree(run_folder, run)
    write_checkpoints(run)
    (run / "checkpoints" / "my-gpt.figures.json").unlink()
    (run / "checkpoints" / "plain.figures" / "heads.svg").write_text("<svg><broken")
    built = report.build(run, [], checkpoints=["my-gpt", "plain"], templates=templates, about_of=paper)
    assert "The figures were not drawn: my-gpt.figures.json is missing." in part(built, "my-gpt")
    assert "Figure heads is missing or is not an SVG file." in part(built, "plain")


def test_an_altered_store_is_a_failure_of_its_part_alone(run_folder: Path, tmp_path: Path, templates) -> None:
    from tests.report.conftest import write_checkpoints

    run = tmp_path / "laptop"
    shutil.copytree(run_folder, run)
    write_checkpoints(run)
    shutil.rmtree(run / "checkpoints" / "my-gpt.zarr" / "trace_score")
    built = report.build(run, [], checkpoints=["my-gpt", "plain"], templates=templates)
    assert "It was not analysed: " in part(built, "my-gpt")
    assert "<table" in part(built, "plain")


def test_with_too_many_heads_the_table_has_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "HEADS_UP_TO", 7)
    found = analysis.analyse(made.checkpoint([made.heads(seed=seed) for seed in range(2)]))
    shown = checkpoints.part_of("large", found)
    assert shown.by_layer
    assert [(row.layer, row.head) for row in shown.rows] == [("h.0", None), ("h.1", None)]
    assert len(shown.columns) == len(shown.rows[0].cells)
    assert float(shown.rows[1].cells[0].value) == pytest.approx(
        float(found["trace_score"][1].median()), rel=1e-3
    )


def test_a_number_that_does_not_exist_is_a_dash_that_sorts_last() -> None:
    layer = made.heads()
    layer.query[0] = 0
    shown = checkpoints.part_of("zero", analysis.analyse(made.checkpoint([layer])))
    assert (shown.rows[0].cells[0].text, shown.rows[0].cells[0].value) == ("–", "")
    assert np.isfinite(float(shown.rows[1].cells[0].value))


def test_a_p_value_too_small_to_be_a_number_is_bounded_not_zero() -> None:
    layer = made.heads(head_dim=64, width=64)
    layer.key[0] = layer.query[0]
    shown = checkpoints.part_of("aligned", analysis.analyse(made.checkpoint([layer])))
    names = [str(label) for label, _ in shown.columns]
    place = next(k for k, name in enumerate(names) if "adjusted" in name)
    assert (shown.rows[0].cells[place].text, shown.rows[0].cells[place].value) == ("< 10⁻³⁰⁰", "0")


def test_every_label_is_set_without_a_failed_formula() -> None:
    for column in table.COLUMNS:
        for text in (column.label, column.says):
            assert "<code>" not in str(checkpoints.rich(text))
