"""A checkpoint’s part in headless Chromium: themes, phone, no scripts, sorting, the sticky header."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.report.browsing import CONTRAST, PHONE, TEXTS, Visit

from widthscope import report

pytestmark = pytest.mark.browser
OPEN = "document.querySelectorAll('.checkpoint details').forEach((part) => { part.open = true; })"


@pytest.fixture(scope="module")
def address(with_checkpoints: report.Built, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(with_checkpoints.page, encoding="utf-8")
    return path.as_uri()


def test_a_page_without_claims_says_nothing_to_the_console(
    browser: Browser, checkpoints_alone: report.Built, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text(checkpoints_alone.page, encoding="utf-8")
    context = browser.new_context(**PHONE)
    visit = Visit(context, (tmp_path / "index.html").as_uri())
    visit.page.locator("#checkpoint-my-gpt summary", has_text="Every head").click()
    visit.page.locator("#checkpoint-my-gpt th button").nth(1).click()  # scripts ran to their end
    assert visit.page.locator("#theme").is_visible()
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 390
    assert visit.said == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast_and_nothing_is_said_to_the_console(browser: Browser, address, scheme) -> None:
    context = browser.new_context(color_scheme=scheme)
    visit = Visit(context, address)
    visit.page.evaluate(OPEN)
    selector = ", ".join(f".checkpoint {one}" for one in TEXTS.split(", "))
    selector += ", .opening .failed, .opening .failed a, nav .problem-word"
    ratios = visit.page.evaluate(CONTRAST, selector)
    assert len(ratios) > 300
    assert min(ratios) >= 4.5
    assert visit.said == []
    context.close()


def test_a_phone_never_scrolls_sideways(browser: Browser, address) -> None:
    context = browser.new_context(**PHONE)
    page = Visit(context, address).page
    page.evaluate(OPEN)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    outside = page.evaluate(
        """() => [...document.querySelectorAll('.checkpoint *')]
          .filter((element) => element.getBoundingClientRect().right > 391)
          .filter((element) => !element.closest('.scroll, .pane'))
          .map((element) => element.outerHTML.slice(0, 80))"""
    )
    assert outside == []
    heads = page.locator("#checkpoint-my-gpt .heads")
    heads.evaluate("element => { element.scrollLeft = 400; element.scrollTop = 200; }")
    box, corner = heads.bounding_box(), heads.locator("thead th").first.bounding_box()
    assert abs(corner["x"] - box["x"]) < 3  # the heads' names stay when the numbers scroll
    assert abs(corner["y"] - box["y"]) < 3  # and so do the columns' names
    context.close()


def test_a_long_name_of_a_layer_keeps_its_end(browser: Browser, address) -> None:
    context = browser.new_context(**PHONE)
    page = Visit(context, address).page
    page.evaluate(OPEN)
    name = page.locator("#checkpoint-my-gpt .layer").first  # the hostile one
    outside, inside = name.bounding_box(), name.locator("bdi").bounding_box()
    assert inside["width"] > outside["width"]
    assert abs(inside["x"] + inside["width"] - outside["x"] - outside["width"]) < 1
    context.close()


def test_without_scripts_all_is_readable(browser: Browser, address) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#checkpoint-my-gpt .picked li").first).to_be_visible()
    page.locator("#checkpoint-my-gpt summary", has_text="Every head").click()
    expect(page.locator("#checkpoint-my-gpt table tbody tr").last).to_be_visible()
    context.close()


def test_the_table_sorts_by_a_column_and_keeps_its_formulas(browser: Browser, address) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = Visit(context, address).page
    page.evaluate(OPEN)
    table = page.locator("#checkpoint-my-gpt table")
    head = table.locator("thead th").nth(1)
    expect(head.locator("math")).to_be_visible()
    head.locator("button").click()
    cells = table.locator("tbody tr td:nth-child(2)")
    values = [float(text) for text in cells.evaluate_all("all => all.map((cell) => cell.dataset.value)")]
    assert values == sorted(values)
    context.close()


def test_the_navigation_leads_to_the_checkpoint(browser: Browser, address) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = Visit(context, address).page
    page.locator("nav").get_by_role("link", name="my-gpt").click()
    expect(page.locator("#checkpoint-my-gpt-title")).to_be_in_viewport()
    context.close()
