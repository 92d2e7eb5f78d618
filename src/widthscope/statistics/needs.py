"""What it would take to decide an undecided claim, read off the intervals of its own tests and controls."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from widthscope.statistics.judgement import Judgement
from widthscope.statistics.rules import Rule, SameLaw
from widthscope.statistics.sample_size import MOST_TIMES, in_words, more_degrees, smallest_factor

FAILED = re.compile(r"have no estimate|no component was measured|every estimate failed|comparisons failed")
"""What the reasons of rules say where something was not measured."""


@dataclass(frozen=True)
class Part:
    """One test's evidence, or its control's, as it was judged.

    Attributes:
        name: of the test; empty where the claim has only one.
        rule: its rule.
        evidence: what was judged.
        found: the judgement.
        level: at which it was judged.
    """

    name: str
    rule: Rule
    evidence: xr.Dataset
    found: Judgement
    level: float


def of_claim(tests: Sequence[Part], controls: Sequence[Part]) -> str:
    """Say what an undecided claim takes: first controls that were not refuted, then tests left undecided."""
    said = [f"{_label(part)}{_of_control(part)}" for part in controls if part.found.verdict != "refuted"]
    said += [f"{_label(part)}{_of_test(part)}" for part in tests if part.found.verdict == "undecided"]
    return "; ".join(said)


def larger(evidence: xr.Dataset, times: float) -> xr.Dataset:
    """Evidence of a sample so many times as large, if estimates, spreads and p-values stay."""
    grown = {"standard_error": evidence["standard_error"] / np.sqrt(times)}
    grown |= {name: evidence[name] * times for name in ("n", "successes") if name in evidence}
    if "degrees" in evidence:
        grown["degrees"] = more_degrees(evidence["degrees"], times)
    return evidence.assign(grown)


def _of_test(part: Part) -> str:
    failed = _failed(part)
    if failed:
        return failed
    times = smallest_factor(lambda times: _judged(part, times) in ("supported", "refuted"))
    if np.isfinite(times):
        return f"{in_words(times)}, if the estimate stays"
    return f"{_too_close(part)} to tell how much larger a sample must be"


def _of_control(part: Part) -> str:
    failed = _failed(part)
    if failed:
        return f"of the control {failed}"
    if part.found.verdict == "supported":
        return f"a control that does not show the same effect; this one's interval is {_shown(part)}"
    times = smallest_factor(lambda times: _judged(part, times) == "refuted")
    if np.isfinite(times):
        narrow = part.rule.judge(larger(part.evidence, times), part.level)
        share = np.diff(narrow.interval).item() / np.diff(part.found.interval).item()
        return (
            f"{in_words(times)} for the control, if its estimate stays: its interval {_shown(part)} must "
            f"shrink to about {share:.2g} of its width"
        )
    if _judged(part, MOST_TIMES) == "supported":
        return (
            f"a control whose estimate lies outside of what the claim allows: this one's, "
            f"{part.found.estimate:.4g} in {_shown(part)}, lies inside, where no narrower interval refutes it"
        )
    return f"{_too_close(part, 'the control')} to tell how much its interval must shrink"


def _judged(part: Part, times: float) -> str:
    return part.rule.judge(larger(part.evidence, times), part.level).verdict


def _failed(part: Part) -> str:
    """What is missing, where something was not measured: no number of draws decides before it is there."""
    return (
        f"a measurement of every component: {part.found.reason}" if FAILED.search(part.found.reason) else ""
    )


def _too_close(part: Part, whose: str = "") -> str:
    if isinstance(part.rule, SameLaw):
        return f"more draws{f' for {whose}' if whose else ''}: {part.found.reason}; p-values are too close"
    return (
        f"more draws or seeds{f' for {whose}' if whose else ''}: the estimate, {part.found.estimate:.4g} in "
        f"{_shown(part)}, is too close to the limit"
    )


def _shown(part: Part) -> str:
    return f"[{part.found.interval[0]:.4g}, {part.found.interval[1]:.4g}]"


def _label(part: Part) -> str:
    return f"{part.name}: " if part.name else ""
