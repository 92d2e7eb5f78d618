"""A judged claim in the words and marks that the page shows."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from widthscope.report.formulas import plain, rich
from widthscope.report.glance import Bounds, Reading, glance
from widthscope.report.numbers import MISSING, count, measured, number, percent
from widthscope.report.reasons import decided_by, short_reason

LETTERS = {"supported": "S", "refuted": "R", "undecided": "U", "reported": "–"}
VERDICTS = tuple(LETTERS)
HEADLINES = {
    "MatchesExact": "pooled relative deviation from the exact values",
    "SameLaw": "largest Kolmogorov-Smirnov distance",
}
"""What the headline number is, for rules that do not show the measured quantity itself."""
_SUMMED_UP = re.compile(r", (pooled|(pooled|paired|mean) over (seeds|networks|widths|lengths))$")


@dataclass(frozen=True)
class ClaimView:
    """One claim, ready for the template; `raw` is its object in claims.json."""

    raw: Mapping[str, Any]
    name: str
    verdict: str
    letter: str
    word: str
    statement: Markup
    quantity: Markup
    short_quantity: Markup
    measured: str
    headline: str
    predicted: str
    allowed: str
    control: str
    control_verdict: str
    draws: str
    unit: str
    level: str
    graphic: Markup
    tests: tuple["TestView", ...]
    tip: str
    why: Markup
    decided_by: Markup

    @property
    def id(self) -> str:
        """The claim's id, which is its anchor in the page as well."""
        return str(self.raw["id"])


@dataclass(frozen=True)
class TestView:
    """One test of a claim: its criterion, what it found, and the table of its components."""

    __test__ = False  # for pytest: not a test class

    raw: Mapping[str, Any]
    word: str
    allowed: str
    measured: str
    control: str
    rows: tuple[tuple[Mapping[str, Any], Mapping[str, Any] | None], ...]


def view(claim: Mapping[str, Any]) -> ClaimView:
    """The view of one object of claims.json."""
    tests = claim.get("tests") or []
    rule = rule_of(tests[0]) if tests else ""
    verdict = claim["verdict"] if claim["verdict"] in LETTERS else "undecided"
    control = claim.get("control") or {}
    shown = Reading(claim.get("estimate"), claim.get("interval"))
    beside = Reading(control.get("estimate"), control.get("interval")) if control else None
    estimate = measured(shown.estimate, shown.interval)
    name = str(claim["id"]).partition("/")[2]
    word = "undecided · confounded" if is_confounded(claim) else verdict
    return ClaimView(
        raw=claim,
        name=name,
        verdict=verdict,
        letter=LETTERS[verdict],
        word=word,
        statement=rich(claim["statement"]),
        quantity=quantity_words(str(claim.get("quantity", "")), HEADLINES.get(rule, "")),
        short_quantity=quantity_words(shortened(str(claim.get("quantity", ""))), HEADLINES.get(rule, "")),
        measured=estimate,
        headline=HEADLINES.get(rule, ""),
        predicted=number(claim.get("prediction")),
        allowed=allowed_words(rule, claim.get("margin")),
        control=measured(beside.estimate, beside.interval) if beside else "",
        control_verdict="rejected" if control.get("rejected") else "not rejected",
        draws=draws(claim.get("n"), shown.estimate),
        unit=sampling_unit(claim),
        level=percent(claim.get("level")),
        graphic=glance(
            shown,
            beside,
            claim.get("prediction"),
            allowed_band(rule, claim.get("prediction"), claim.get("margin")),
            verdict,
        ),
        tests=tuple(test_view(test) for test in tests),
        tip=f"{name} — {word}. {plain(claim['statement'])} Measured {estimate}.",
        why=rich(short_reason(claim)),
        decided_by=rich(decided_by(claim)),
    )


def quantity_words(quantity: str, headline: str) -> Markup:
    """What the headline number measures; says what kind of number it is where the study's words do not."""
    if headline and not re.search(r"deviation|distance|\bKS\b|Kolmogorov", quantity):
        return rich(f"{headline}: {quantity}")
    return rich(quantity)


def shortened(quantity: str) -> str:
    """The quantity without how its sample was summed up, at its end; all else changes what it means."""
    while (match := _SUMMED_UP.search(quantity)) is not None:
        quantity = quantity[: match.start()]
    return quantity


def is_confounded(claim: Mapping[str, Any]) -> bool:
    """Whether the claim is undecided because its control shows the same effect."""
    control = claim.get("control") or {}
    return claim["verdict"] == "undecided" and control.get("verdict") == "supported"


def test_view(test: Mapping[str, Any]) -> TestView:
    """The view of one test, each component beside the control's component of the same name."""
    control = test.get("control") or {}
    beside = {row["component"]: row for row in control.get("components", ())}
    return TestView(
        raw=test,
        word=test["verdict"],
        allowed=allowed_words(rule_of(test), test.get("margin")),
        measured=measured(test.get("estimate"), test.get("interval")),
        control=measured(control.get("estimate"), control.get("interval")) if control else "",
        rows=tuple((row, beside.get(row["component"])) for row in test.get("components", ())),
    )


def rule_of(test: Mapping[str, Any]) -> str:
    """Name of the rule, which is recorded as it stands in the study: ``Equals(margin=0.05)``."""
    return str(test.get("rule", "")).partition("(")[0]


def allowed_band(rule: str, prediction: float | None, margin: float | None) -> Bounds | None:
    """The band in which the rule wants the interval; None in it: unbounded on that side."""
    if margin is None:
        return None
    match rule:
        case "Above":
            return margin, None
        case "Below":
            return None, margin
        case "SameLaw":
            return 0.0, margin
        case "MatchesExact":
            return -margin, margin
        case _:
            return None if prediction is None else (prediction - margin, prediction + margin)


def allowed_words(rule: str, margin: float | None) -> str:
    """The same band in words; empty where there is none."""
    if margin is None:
        return ""
    match rule:
        case "Above":
            return f"above {number(margin)}"
        case "Below":
            return f"below {number(margin)}"
        case "SameLaw":
            return f"KS distance below {number(margin)}"
        case "MatchesExact":
            return f"no deviation beyond chance, resolution ±{number(margin)}"
        case _:
            return f"within ±{number(margin)}"


def draws(n: int | None, estimate: float | None) -> str:
    """Size of the sample; a deterministic value has none, and neither has one that could not be measured."""
    if n == 0:
        return MISSING if estimate is None else "deterministic"
    return count(n)


def sampling_unit(claim: Mapping[str, Any]) -> str:
    """What n counts: seeds where the quantity, or that of a test with this n, names them; else draws."""
    n = claim.get("n")
    if not n:
        return ""
    alike = [test.get("quantity", "") for test in claim.get("tests") or () if test.get("n") == n]
    said = " ".join(map(str, [claim.get("quantity", ""), *alike]))
    unit = "seed" if re.search(r"\bseeds?\b", said) else "draw"
    return unit if n == 1 else f"{unit}s"


def tally(claims: Iterable[ClaimView]) -> list[tuple[str, int]]:
    """How many claims came out how, in the order of `VERDICTS`."""
    verdicts = [claim.verdict for claim in claims]
    return [(verdict, verdicts.count(verdict)) for verdict in VERDICTS]
