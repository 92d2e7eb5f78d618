"""Why a claim came out as it did, in the few words that fit beside its verdict."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from widthscope.report.numbers import measured, typeset
from widthscope.statistics.needs import FAILED

Claim = Mapping[str, Any]
Test = Mapping[str, Any]

CAUSES = {
    "draws": "for want of draws or seeds",
    "control": "because the control shows the same effect",
    "failed": "because a measurement failed",
    "together": "because components deviate together, none beyond chance alone",
}
"""What leaves a claim undecided, in the order and the words of the summary."""
LONGEST = 170  # characters of a reason in the table
_TOGETHER = "but together they do"


def is_judged(test: Test) -> bool:
    """Whether the test's rule gives a verdict."""
    return not str(test.get("rule", "")).startswith("Reported")


def deciding_tests(claim: Claim) -> list[Test]:
    """The tests that made the claim refuted or undecided; none where it was its control, or all agree."""
    if claim["verdict"] not in ("refuted", "undecided") or control_failed(claim):
        return []
    return [
        test for test in claim.get("tests") or () if is_judged(test) and test["verdict"] == claim["verdict"]
    ]


def control_failed(claim: Claim) -> bool:
    """Whether the claim is undecided because its rule could not tell the control from the claim."""
    control = claim.get("control")
    return claim["verdict"] == "undecided" and control is not None and not control["rejected"]


def cause(claim: Claim) -> str:
    """Which of `CAUSES` leaves the claim undecided; empty for another verdict.

    A failed measurement comes before the rest: no number of draws decides before it is mended. A control that
    is itself undecided wants draws, as the claim does.
    """
    if claim["verdict"] != "undecided":
        return ""
    if control_failed(claim):
        reason = str(claim.get("reason", ""))
        if FAILED.search(reason):
            return "failed"
        if claim["control"].get("verdict") == "supported":
            return "control"
        return "together" if _TOGETHER in reason else "draws"
    reasons = [str(test["reason"]) for test in deciding_tests(claim)] or [str(claim.get("reason", ""))]
    if any(FAILED.search(reason) for reason in reasons):
        return "failed"
    return "together" if any(_TOGETHER in reason for reason in reasons) else "draws"


def causes_in_words(claims: Iterable[Claim]) -> str:
    """Such as ``19 undecided: 17 for want of draws or seeds, 2 because ...``; or empty."""
    found = [cause(claim) for claim in claims if claim["verdict"] == "undecided"]
    if not found:
        return ""
    parts = [f"{found.count(name)} {words}" for name, words in CAUSES.items() if name in found]
    if len(parts) == 1:
        return f"{len(found)} undecided, {CAUSES[found[0]]}"
    return f"{len(found)} undecided: {', '.join(parts)}"


def short_reason(claim: Claim) -> str:
    """The first deciding test and its reason, without what only the claim's own part needs to say."""
    if claim["verdict"] not in ("refuted", "undecided"):
        return ""
    failed = cause(claim) == "failed"
    takes = f"; it takes {typeset(str(claim['needs']))}" if failed and claim.get("needs") else ""
    if control_failed(claim) and failed:
        return f"{_named(claim, claim['control'])}a measurement failed, of the control at least{takes}"
    if control_failed(claim):
        control = claim["control"]
        same = "shows the same effect" if control.get("verdict") == "supported" else "is undecided itself"
        return f"{_named(claim, control)}the control {same}"
    tests = deciding_tests(claim)
    if not tests:
        return f"{typeset(_cut(str(claim.get('reason', ''))))}{takes}"
    others = len(tests) - 1
    more = f"; and {others} more test{'' if others == 1 else 's'}" if others else ""
    return f"{_named(claim, tests[0])}{typeset(_cut(str(tests[0]['reason'])))}{more}{takes}"


def decided_by(claim: Claim) -> str:
    """Which test decided and what it found, where that is not the test of the headline number; or empty."""
    tests: Sequence[Test] = claim.get("tests") or ()
    if control_failed(claim):
        test = claim["control"].get("test")
        return f"decided by the control of test {test}" if tests and test != tests[0]["name"] else ""
    deciding = deciding_tests(claim)
    if not deciding or deciding[0]["name"] == tests[0]["name"]:
        return ""
    first = deciding[0]
    found = measured(first.get("estimate"), first.get("interval"))
    return f"decided by test {first['name']}: {found}, {first['quantity']}"


def _named(claim: Claim, outcome: Mapping[str, Any]) -> str:
    """The test's name and a colon, where the claim has several judged tests."""
    judged = [test for test in claim.get("tests") or () if is_judged(test)]
    return f"{outcome.get('name') or outcome.get('test')}: " if len(judged) > 1 else ""


def _cut(reason: str) -> str:
    """The reason's first part, at most `LONGEST` characters, cut between words."""
    first = reason.partition("; ")[0].replace(", if the estimate stays)", ")")
    if len(first) <= LONGEST:
        return first
    return first[:LONGEST].rpartition(" ")[0].rstrip(",.:") + " …"
