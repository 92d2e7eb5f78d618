"""The page in headless Chromium: a silent console, links, themes, phone width, keyboard, sorting, filters."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.report.browsing import CONTRAST, PHONE, TEXTS, Visit

from widthscope import report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(built: report.Built, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(built.page, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1200, "height": 900}, color_scheme="light")
    yield Visit(context, address)
    context.close()


def test_no_word_in_the_console_and_no_request(visit):
    visit.page.mouse.wheel(0, 20_000)
    for summary in visit.page.locator("summary").all():
        summary.click()
    visit.page.locator("#theme").click()
    assert visit.said == []
    assert [url for url in visit.asked if not url.startswith("data:")] == [visit.address]


def test_every_matrix_link_leads_to_its_claim(visit, built):
    cells = visit.page.locator(".cell")
    assert cells.count() == len(built.claims)
    for k, claim in enumerate(built.claims):
        cells.nth(k).click()
        assert visit.page.evaluate("document.querySelector(':target').id") == claim["id"]
        expect(visit.page.locator(":target h3")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast_in_both_themes(browser, address, scheme):
    context = browser.new_context(color_scheme=scheme)
    page = Visit(context, address).page
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    ratios = page.evaluate(CONTRAST, TEXTS)
    assert len(ratios) > 300
    assert min(ratios) >= 4.5
    context.close()


def test_system_theme_reaches_page_and_figures(browser, address):
    seen = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = Visit(context, address).page
        paper = page.locator(".drawing path").first.evaluate("element => getComputedStyle(element).fill")
        seen[scheme] = (page.evaluate("getComputedStyle(document.body).backgroundColor"), paper)
        context.close()
    assert seen["light"] == ("rgb(251, 251, 250)", "rgb(255, 255, 255)")
    assert seen["dark"] == ("rgb(20, 23, 27)", "rgb(27, 31, 37)")


def test_the_reader_chooses_the_theme_and_it_stays(visit):
    def ground() -> str:
        return visit.page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert ground() == "rgb(251, 251, 250)"
    button = visit.page.get_by_role("button", name="Use the dark theme")
    button.click()
    assert ground() == "rgb(20, 23, 27)"
    visit.page.reload()
    assert ground() == "rgb(20, 23, 27)"
    visit.page.get_by_role("button", name="Use the light theme").click()
    assert ground() == "rgb(251, 251, 250)"
    assert visit.said == []


def test_a_phone_never_scrolls_sideways(browser, address):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True
    )
    page = Visit(context, address).page
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    outside = page.evaluate(
        """() => [...document.querySelectorAll('main *, header *')]
          .filter((element) => element.getBoundingClientRect().right > 391)
          .filter((element) => !element.closest('.scroll, .pane, .model, nav, .unseen'))
          .map((element) => element.outerHTML.slice(0, 80))"""
    )
    assert outside == []
    context.close()


def test_a_phone_shows_all_of_a_claims_row_without_scrolling(browser, address):
    context = browser.new_context(**PHONE)
    page = Visit(context, address).page
    table = page.locator("#claims-table")
    assert table.evaluate(
        "table => table.closest('.scroll').scrollWidth <= table.closest('.scroll').clientWidth"
    )
    row = table.get_by_role("row").filter(has_text="output-rate")
    for label, shown in (("Estimate", "0.976"), ("Predicted", "within ±0.1"), ("Control", "rejected")):
        cell = row.locator(f"td[data-label={label}]")
        expect(cell).to_contain_text(shown)
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    page.locator("nav").evaluate("nav => { nav.scrollLeft = nav.scrollWidth; }")
    last = page.locator("nav a").last.bounding_box()
    assert last["x"] + last["width"] <= page.locator("#theme").bounding_box()["x"]
    context.close()


def test_a_phone_shows_whole_figures_and_a_tap_enlarges_them(browser, address):
    context = browser.new_context(**PHONE)
    page = Visit(context, address).page
    drawing, pane = page.locator(".drawing").first, page.locator(".pane").first
    assert drawing.bounding_box()["width"] <= pane.bounding_box()["width"] <= 390
    drawing.click()
    assert drawing.bounding_box()["width"] > 600
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    pane.press("Enter")
    assert drawing.bounding_box()["width"] <= 390
    context.close()


def test_the_table_of_claims_fits_a_laptop(visit):
    assert visit.page.locator("#claims-table").evaluate(
        "table => table.closest('.scroll').scrollWidth <= table.closest('.scroll').clientWidth"
    )


def test_verdicts_say_why_and_how(visit):
    expect(visit.page.locator(".causes")).to_have_text(
        "3 undecided: 2 for want of draws or seeds, 1 because the control shows the same effect."
    )
    expect(visit.page.locator("#claims-table tr", has_text="paper-kl").locator(".why")).to_contain_text(
        "Undecided: the interval"
    )
    visit.page.locator("#how summary").click()
    expect(visit.page.locator("#how")).to_contain_text("m = 31 judged tests")


def test_columns_sort_both_ways_and_back(visit):
    column = visit.page.locator("#claims-table tbody tr td:nth-child(6)")
    draws = [int(value) for value in column.evaluate_all("cells => cells.map((cell) => cell.dataset.value)")]
    button = visit.page.locator("#claims-table th:nth-child(6) button")
    head = visit.page.locator("#claims-table th:nth-child(6)")
    for order, expected in (
        ("ascending", sorted(draws)),
        ("descending", sorted(draws, reverse=True)),
        (None, draws),
    ):
        button.click()
        assert head.get_attribute("aria-sort") == order
        shown = column.evaluate_all("cells => cells.map((cell) => Number(cell.dataset.value))")
        assert shown == expected


def test_missing_numbers_sort_last_either_way(visit):
    button = visit.page.locator("#claims-table th:nth-child(4) button")
    cells = visit.page.locator("#claims-table tbody tr td:nth-child(4)")
    for _ in ("ascending", "descending"):
        button.click()
        values = cells.evaluate_all("cells => cells.map((cell) => cell.dataset.value)")
        first = values.index("")
        assert set(values[first:]) == {""}
        assert len(values[first:]) == 4


def test_filter_by_verdict_and_words(visit):
    rows = visit.page.locator("#claims-table tbody tr:visible")
    total = rows.count()
    visit.page.get_by_role("button", name="undecided").click()
    assert rows.count() == 3
    expect(visit.page.locator("#filter-count")).to_have_text(f"3 of {total} claims")
    visit.page.locator("#filter-text").fill("universality PAPER")
    assert rows.count() == 1
    visit.page.locator("#filter-text").fill("nothing like it")
    assert rows.count() == 0
    visit.page.locator("#filter-text").fill("")
    visit.page.get_by_role("button", name="all", exact=True).click()
    assert rows.count() == total


def test_the_keyboard_reaches_the_matrix_and_opens_a_claim(visit, built):
    page = visit.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the claims"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('cell')"):
            break
    assert page.evaluate("document.activeElement.hash") == f"#{built.claims[0]['id']}"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    expect(page.locator("#reading")).to_contain_text("exact-sampler — supported")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector(':target').id") == built.claims[0]["id"]
    page.locator(":target summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(":target details table")).to_be_visible()


def test_without_scripts_all_is_readable_and_no_dead_control_shows(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#claims-table tbody tr").first).to_be_visible()
    expect(page.locator("#theme")).to_be_hidden()
    expect(page.locator("#filter")).to_be_hidden()
    context.close()


def test_without_storage_the_theme_still_changes(browser, address):
    context = browser.new_context(color_scheme="light")
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused'); } });"
    )
    visit = Visit(context, address)
    visit.page.locator("#theme").click()
    assert visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert visit.said == []
    context.close()


def test_print_is_dark_on_white_without_controls_and_with_all_details(visit):
    visit.page.locator("#theme").click()
    visit.page.emulate_media(media="print")
    visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert visit.page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 33, 40)"
    expect(visit.page.locator("#theme")).to_be_hidden()
    expect(visit.page.locator("nav")).to_be_hidden()
    expect(visit.page.locator(".claim details table").first).to_be_visible()


def test_figures_and_formulas_are_drawn(visit):
    sizes = visit.page.evaluate(
        "[...document.querySelectorAll('.drawing')].map((svg) => svg.getBoundingClientRect().width)"
    )
    assert len(sizes) == 7
    assert all(600 < width <= 614.5 for width in sizes)
    names = visit.page.evaluate(
        "[...document.querySelectorAll('.drawing title')].map((title) => title.textContent)"
    )
    assert all(re.fullmatch("[a-z]+", name) for name in names)
    assert visit.page.locator("math").first.evaluate("math => math.getBoundingClientRect().width") > 5
