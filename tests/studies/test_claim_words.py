"""The words of every study's claims, which readers of a report see."""

import re

import pytest

from widthscope import studies
from widthscope.report.formulas import rich
from widthscope.statistics.claims import Claim

FORMULA = re.compile(r"\$[^$]+\$")
DOCUMENT = re.compile(r"docs/theory/\w+\.md")
CLAIMS = {
    f"{slug}/{claim.name}": claim for slug in studies.names() for claim in studies.load(slug, "claims").CLAIMS
}


def words_of(claim: Claim) -> tuple[str, ...]:
    control = (claim.control.description,) if claim.control else ()
    tests = (words for test in claim.tests for words in (test.quantity, test.margin_reason))
    return (claim.statement, claim.quantity, claim.needs, *control, *tests)


WORDS = {name: words_of(claim) for name, claim in CLAIMS.items()} | {
    slug: (*about.says, *about.model)
    for slug in studies.names()
    for about in [studies.load(slug, "about").ABOUT]
}


@pytest.mark.parametrize("name", WORDS)
def test_formulas_are_set_and_indices_are_not_left_in_plain_text(name: str) -> None:
    for words in WORDS[name]:
        assert words.count("$") % 2 == 0
        assert "<code>" not in rich(words), words
        prose = DOCUMENT.sub("", FORMULA.sub("", words))
        assert not re.search(r"\w_\w|²u|ᵀ", prose), words


@pytest.mark.parametrize("name", WORDS)
def test_readers_of_the_report_are_not_sent_to_sections(name: str) -> None:
    assert not any("theory notes" in words for words in WORDS[name])


@pytest.mark.parametrize("name", CLAIMS)
def test_what_a_decisive_run_takes_holds_for_any_size_of_run(name: str) -> None:
    assert not re.search(r"\btimes the draws|10[⁰-⁹]", CLAIMS[name].needs)
