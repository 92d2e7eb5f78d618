"""The words of the claims, which readers of a report see."""

import re

import pytest

from widthscope.report.formulas import rich
from widthscope.studies.limit_law.claims import CLAIMS

FORMULA = re.compile(r"\$[^$]+\$")
WORDS = {
    claim.name: (
        claim.statement,
        claim.quantity,
        claim.needs,
        claim.control.description,
        *(words for test in claim.tests for words in (test.quantity, test.margin_reason)),
    )
    for claim in CLAIMS
}


@pytest.mark.parametrize("name", WORDS)
def test_formulas_are_set_and_indices_are_not_left_in_plain_text(name):
    for words in WORDS[name]:
        assert words.count("$") % 2 == 0
        assert "<code>" not in rich(words), words
        prose = FORMULA.sub("", words).replace("docs/theory/limit_law.md", "")
        assert not re.search(r"\w_\w|²u|ᵀ", prose), words


@pytest.mark.parametrize("name", WORDS)
def test_what_a_decisive_run_takes_holds_for_any_size_of_run(name):
    needs = next(claim.needs for claim in CLAIMS if claim.name == name)
    assert not re.search(r"\btimes the draws|10[⁰-⁹]", needs)
    assert not any("theory notes" in words for words in WORDS[name])
