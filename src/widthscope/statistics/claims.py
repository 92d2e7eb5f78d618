"""Claims as data, and the judgement of a study's claims from its fit tree."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import numpy as np
import xarray as xr

from widthscope.errors import StudyError
from widthscope.statistics import needs
from widthscope.statistics.judgement import Judgement
from widthscope.statistics.judgement import Outcome as Outcome
from widthscope.statistics.needs import Part
from widthscope.statistics.quantiles import familywise
from widthscope.statistics.rules import Reported, Rule
from widthscope.statistics.verdicts import ComponentRow, ControlOutcome, Finding, TestOutcome
from widthscope.statistics.verdicts import Verdict as Verdict

CANNOT_TELL = "the rule cannot tell: its control was not rejected"


@dataclass(frozen=True)
class Control:
    """A negative control: something for which the claim is false, judged by the same rules.

    Attributes:
        description: what was put in the claim's place, such as "the Gaussian limit of infinitely many heads".
        expects: the verdict that the rules must reach on it.
    """

    description: str
    expects: Literal["refuted"] = "refuted"


@dataclass(frozen=True)
class Test:
    """One measured quantity of a claim and the rule that judges it.

    Attributes:
        name: its node in the fit tree, `/claims/<claim>/<name>/measured` and `.../control`.
        rule: one of `widthscope.statistics.rules`.
        quantity: what was measured, in words.
        margin_reason: why the rule's margin or threshold is what it is, known before the data.
    """

    __test__ = False  # for pytest: not a test class

    name: str
    rule: Rule
    quantity: str
    margin_reason: str


@dataclass(frozen=True)
class Claim:
    """A claim of a paper, its tests and its control.

    Attributes:
        name: lower-case words joined by hyphens; the claim's id is `<study>/<name>`.
        statement: the claim as a sentence.
        quantity: what its headline test measures.
        prediction: the headline's predicted value, used where its evidence carries none.
        tests: the first is the headline; the claim holds if all of them do.
        control: the negative control; required unless every rule is `Reported`.
        figure: name of the figure that shows it.
        shards: fnmatch patterns of the shards whose seconds it costs.
        needs: what a decisive run would take; where nothing is said, an undecided claim says it from its own
            intervals.
    """

    name: str
    statement: str
    quantity: str
    prediction: float | None
    tests: tuple[Test, ...]
    control: Control | None
    figure: str
    shards: tuple[str, ...]
    needs: str = ""

    def __post_init__(self) -> None:
        names = [test.name for test in self.tests]
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise ValueError(f"claim name '{self.name}' must be lower-case words joined by hyphens")
        if not names or len(set(names)) < len(names):
            raise ValueError(f"claim '{self.name}' needs tests with distinct names, not {names}")
        if self.control is None and self.judged:
            raise ValueError(f"claim '{self.name}' is judged and needs a negative control")

    @property
    def judged(self) -> tuple[Test, ...]:
        """The tests whose rule gives a verdict."""
        return tuple(test for test in self.tests if not isinstance(test.rule, Reported))


def judge(
    study: str, paper: str, claims: Sequence[Claim], fit_tree: xr.DataTree, level: float = 0.99
) -> list[Verdict]:
    """Judge a study's claims from the evidence in its fit tree.

    The level holds over the study: with m judged tests in all claims, each is judged at 1 - (1 - level)/m
    (Bonferroni), so that the chance of any false refutation in the study is at most 1 - level.

    Args:
        study: slug, the first part of every id.
        paper: arXiv id.
        claims: the study's claims.
        fit_tree: holds `/claims/<claim>/<test>/measured` and, for at least one test of each judged claim,
            `.../control`.
        level: family-wise level in (0, 1).

    Returns:
        One verdict for each claim, in order, with `seconds` left open.

    Raises:
        StudyError: if two claims share a name, or a claim's evidence or control is not in the tree.
    """
    names = [claim.name for claim in claims]
    if len(set(names)) < len(names):
        raise StudyError(f"study '{study}' has several claims of one name among {', '.join(sorted(names))}")
    family = sum(len(claim.judged) for claim in claims)
    return [_judge_claim(study, paper, claim, fit_tree, level, family) for claim in claims]


def _judge_claim(
    study: str, paper: str, claim: Claim, tree: xr.DataTree, level: float, family: int
) -> Verdict:
    parts = [_judge_test(study, claim, test, tree, level, family) for test in claim.tests]
    outcomes = tuple(
        _outcome(test, measured, control, level, family)
        for test, (measured, control) in zip(claim.tests, parts, strict=True)
    )
    headline = outcomes[0]
    control = _control_outcome(study, claim, outcomes)
    verdict, reason = _combine(claim, outcomes, control)
    return Verdict(
        id=f"{study}/{claim.name}",
        study=study,
        paper=paper,
        statement=claim.statement,
        quantity=claim.quantity,
        prediction=claim.prediction if headline.prediction is None else headline.prediction,
        margin=headline.margin,
        margin_reason=headline.margin_reason,
        estimate=headline.estimate,
        interval=headline.interval,
        level=headline.level,
        n=headline.n,
        verdict=verdict,
        control=control,
        figure=claim.figure,
        reason=reason,
        tests=outcomes,
        needs=claim.needs or (_what_it_takes(claim, parts) if verdict == "undecided" else ""),
    )


def _judge_test(
    study: str, claim: Claim, test: Test, tree: xr.DataTree, level: float, family: int
) -> tuple[Part, Part | None]:
    """Judge a test, and its control where it has one."""
    own_level = familywise(level, family) if test in claim.judged else level
    prediction = claim.prediction if test is claim.tests[0] else None
    name = test.name if len(claim.judged) > 1 else ""

    def part(evidence: xr.Dataset) -> Part:
        return Part(name, test.rule, evidence, test.rule.judge(evidence, own_level), own_level)

    measured = _evidence(study, claim, test, tree, "measured", prediction)
    if measured is None:
        raise _missing(study, f"/claims/{claim.name}/{test.name}/measured", tree)
    control = None if claim.control is None else _evidence(study, claim, test, tree, "control", prediction)
    return part(measured), None if control is None else part(control)


def _outcome(test: Test, measured: Part, control: Part | None, level: float, family: int) -> TestOutcome:
    finding = _finding(measured.found)
    return TestOutcome(
        **{name: getattr(finding, name) for name in Finding.model_fields},
        name=test.name,
        quantity=test.quantity,
        rule=repr(test.rule),
        criterion=test.rule.criterion,
        margin=test.rule.limit,
        margin_reason=test.margin_reason,
        family_level=level,
        family_tests=family,
        control=None if control is None else _finding(control.found),
    )


def _what_it_takes(claim: Claim, parts: Sequence[tuple[Part, Part | None]]) -> str:
    judged = [both for test, both in zip(claim.tests, parts, strict=True) if test in claim.judged]
    return needs.of_claim(
        [measured for measured, _ in judged], [control for _, control in judged if control is not None]
    )


def _evidence(
    study: str, claim: Claim, test: Test, tree: xr.DataTree, part: str, prediction: float | None
) -> xr.Dataset | None:
    """Return a node's evidence, or None; the claim's prediction stands in where the node has none."""
    path = f"/claims/{claim.name}/{test.name}/{part}"
    try:
        node = tree[path]
    except KeyError:
        return None
    dataset = node.to_dataset()
    if "estimate" not in dataset or "component" not in dataset:
        raise StudyError(f"{study}: {path} holds no evidence (no 'estimate' over 'component')")
    own = dataset.get("prediction")
    if prediction is not None and (own is None or bool(np.isnan(own.values).all())):
        dataset = dataset.assign(prediction=xr.full_like(dataset["estimate"], prediction))
    return dataset


def _control_outcome(study: str, claim: Claim, outcomes: Sequence[TestOutcome]) -> ControlOutcome | None:
    """Return the control that speaks against the claim's rules, or else the first."""
    if claim.control is None:
        return None
    judged = {test.name for test in claim.judged}
    tried = [
        (test.name, test.control) for test in outcomes if test.control is not None and test.name in judged
    ]
    if not tried:
        if judged:
            raise StudyError(
                f"{study}/{claim.name} has no control in the fit tree, at least one test needs one"
            )
        return None
    failed = [(name, finding) for name, finding in tried if finding.verdict != claim.control.expects]
    name, shown = (failed or tried)[0]
    return ControlOutcome(
        description=claim.control.description,
        test=name,
        estimate=shown.estimate,
        interval=shown.interval,
        verdict=shown.verdict,
        rejected=not failed,
    )


def _combine(
    claim: Claim, outcomes: Sequence[TestOutcome], control: ControlOutcome | None
) -> tuple[Outcome, str]:
    """Return the claim's verdict and its reason from those of its tests and of its control."""
    judged = {test.name for test in claim.judged}
    tests = [outcome for outcome in outcomes if outcome.name in judged]
    if not tests or control is None:
        return "reported", outcomes[0].reason
    if not control.rejected:
        shown = next(outcome.control for outcome in tests if outcome.name == control.test)
        why = "confounded, it shows the same effect" if control.verdict == "supported" else "it is undecided"
        return "undecided", f"{CANNOT_TELL} ({control.test}: {why}; {shown.reason if shown else ''})"
    order: tuple[Outcome, ...] = ("refuted", "undecided", "supported")
    verdict = next(outcome for outcome in order if any(test.verdict == outcome for test in tests))
    deciding = [test for test in tests if test.verdict == verdict]
    return verdict, "; ".join(
        f"{test.name}: {test.reason}" if len(tests) > 1 else test.reason for test in deciding
    )


def _finding(judgement: Judgement) -> Finding:
    return Finding(
        verdict=judgement.verdict,
        estimate=judgement.estimate,
        interval=judgement.interval,
        prediction=judgement.prediction,
        level=judgement.level,
        n=judgement.n,
        reason=judgement.reason,
        components=tuple(ComponentRow(**vars(component)) for component in judgement.components),
    )


def _missing(study: str, path: str, tree: xr.DataTree) -> StudyError:
    nearest = get_close_matches(path, [node for node in tree.groups if node.endswith("/measured")], n=1)
    hint = f", nearest is {nearest[0]}" if nearest else ""
    return StudyError(f"{study}: the fit tree has no evidence at {path}{hint}")
