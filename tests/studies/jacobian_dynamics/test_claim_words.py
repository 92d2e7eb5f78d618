"""The words of the claims, which readers of a report see."""

import re

import pytest

from widthscope.report.formulas import rich
from widthscope.studies.jacobian_dynamics.about import ABOUT
from widthscope.studies.jacobian_dynamics.claims import CLAIMS

FORMULA = re.compile(r"\$[^$]+\$")
WORDS = {
    "about": (*ABOUT.says, *ABOUT.model),
    **{
        claim.name: (
            claim.statement,
            claim.quantity,
            claim.needs,
            claim.control.description if claim.control else "",
            *(words for test in claim.tests for words in (test.quantity, test.margin_reason)),
        )
        for claim in CLAIMS
    },
}


@pytest.mark.parametrize("name", WORDS)
def test_formulas_are_set_and_indices_are_not_left_in_plain_text(name):
    for words in WORDS[name]:
        assert words.count("$") % 2 == 0
        assert "<code>" not in rich(words), words
        assert not re.search(r"\w_\w|ᵀ", FORMULA.sub("", words)), words


@pytest.mark.parametrize("name", WORDS)
def test_readers_of_the_report_are_not_sent_to_sections(name):
    assert not any("theory notes" in words for words in WORDS[name])
