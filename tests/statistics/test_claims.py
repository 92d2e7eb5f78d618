import dataclasses
import json

import jsonschema
import numpy as np
import pydantic
import pytest
import xarray as xr

from widthscope.errors import StudyError
from widthscope.statistics import verdicts
from widthscope.statistics.claims import CANNOT_TELL, Claim, Control, Test, Verdict, judge
from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.rules import Above, Equals, MatchesExact, Reported, Rule

RIGHT = evidence("slope", -1.0, 0.005, n=5000)
WRONG = evidence("slope", 0.0, 0.005, n=5000)
VAGUE = evidence("slope", -0.5, 5.0, n=10)


def slope_test(name: str = "slope", rule: Rule | None = None) -> Test:
    return Test(name, rule or Equals(0.1), "slope of log U on log H", "ten standard errors of the sweep")


def claim(*tests: Test, **changes: object) -> Claim:
    usual = Claim(
        name="heads",
        statement="Excess kurtosis falls as 1/H.",
        quantity="slope of log excess kurtosis on log H",
        prediction=-1.0,
        tests=tests or (slope_test(),),
        control=Control("heads share one score matrix"),
        figure="heads",
        shards=("heads-*",),
        needs="ten times the draws",
    )
    return dataclasses.replace(usual, **changes)


def judged(
    tests: dict[str, tuple[xr.Dataset, xr.Dataset | None]], subject: Claim | None = None, level: float = 0.99
) -> Verdict:
    tree = xr.DataTree.from_dict(claim_tree({"heads": tests}))
    (verdict,) = judge("limit_law", "2506.00846", [subject or claim()], tree, level)
    return verdict


def test_supported_beside_a_rejected_control() -> None:
    verdict = judged({"slope": (RIGHT, WRONG)})
    assert (verdict.id, verdict.verdict, verdict.n) == ("limit_law/heads", "supported", 5000)
    assert verdict.prediction == -1.0  # the claim's own, since the evidence carries none
    assert verdict.interval == pytest.approx((-1 - 2.5758 * 0.005, -1 + 2.5758 * 0.005), abs=1e-6)
    assert verdict.control is not None
    assert verdict.control.rejected
    assert verdict.control.estimate == 0.0
    assert (verdict.margin, verdict.seconds, verdict.needs) == (0.1, None, "ten times the draws")


def test_refuted_beside_a_rejected_control() -> None:
    assert judged({"slope": (evidence("slope", -2.0, 0.01), WRONG)}).verdict == "refuted"


@pytest.mark.parametrize("measured", [RIGHT, WRONG], ids=["right", "wrong"])
@pytest.mark.parametrize(("control", "why"), [(VAGUE, "undecided"), (RIGHT, "confounded")])
def test_a_control_that_is_not_rejected_makes_the_claim_undecided(
    measured: xr.Dataset, control: xr.Dataset, why: str
) -> None:
    verdict = judged({"slope": (measured, control)})
    assert verdict.verdict == "undecided"
    assert verdict.reason.startswith(CANNOT_TELL)
    assert why in verdict.reason
    assert verdict.control is not None
    assert not verdict.control.rejected


@pytest.mark.parametrize(
    ("second", "verdict"), [(RIGHT, "supported"), (VAGUE, "undecided"), (WRONG, "refuted")]
)
def test_a_claim_is_as_strong_as_its_weakest_test(second: xr.Dataset, verdict: str) -> None:
    second = second.assign(prediction=("component", [-1.0]))
    both = claim(slope_test(), slope_test("again"))
    found = judged({"slope": (RIGHT, WRONG), "again": (second, None)}, both)
    assert found.verdict == verdict
    assert found.estimate == -1.0  # the first test is the headline, whichever decides
    assert verdict == "supported" or found.reason.startswith("again: ")


def test_one_control_of_two_that_is_not_rejected_is_the_one_shown() -> None:
    both = claim(slope_test(), slope_test("again"))
    right = RIGHT.assign(prediction=("component", [-1.0]))
    found = judged({"slope": (RIGHT, WRONG), "again": (right, right)}, both)
    assert found.verdict == "undecided"
    assert found.control is not None
    assert found.control.test == "again"


def test_the_level_is_shared_by_all_judged_tests_of_the_study() -> None:
    claims = [
        claim(slope_test(), slope_test("again", Above(-3.0)), slope_test("shown", Reported())),
        claim(name="rate"),
    ]
    tree = xr.DataTree.from_dict(
        claim_tree(
            {
                "heads": {"slope": (RIGHT, WRONG), "again": (RIGHT, None), "shown": (RIGHT, None)},
                "rate": {"slope": (RIGHT, WRONG)},
            }
        )
    )
    first, second = judge("limit_law", "2506.00846", claims, tree, 0.99)
    assert first.level == second.level == pytest.approx(1 - 0.01 / 3)
    assert [test.family_tests for test in first.tests] == [3, 3, 3]
    assert first.tests[2].verdict == "reported"
    assert first.verdict == "supported"


def test_reported_claims_need_no_control() -> None:
    shown = claim(slope_test("shown", Reported()), control=None)
    verdict = judged({"shown": (RIGHT, None)}, shown)
    assert (verdict.verdict, verdict.control, verdict.estimate) == ("reported", None, -1.0)


def test_failed_evidence_is_undecided_and_has_no_number() -> None:
    verdict = judged({"slope": (evidence("slope", np.nan, np.nan), WRONG)})
    assert (verdict.verdict, verdict.estimate, verdict.interval) == ("undecided", None, (None, None))
    assert "failed" in verdict.reason


def test_headline_of_an_exact_match_is_the_relative_deviation() -> None:
    exact = claim(slope_test(rule=MatchesExact(0.1)))
    verdict = judged({"slope": (RIGHT, WRONG)}, exact)
    assert (verdict.verdict, verdict.prediction, verdict.estimate) == ("supported", 0.0, 0.0)


def test_missing_evidence_is_named_with_the_nearest() -> None:
    with pytest.raises(
        StudyError, match=r"/claims/heads/slope/measured.*nearest is /claims/heads/slopes/measured"
    ):
        judged({"slopes": (RIGHT, WRONG)})


def test_a_judged_claim_without_a_control_is_an_error_of_the_study() -> None:
    with pytest.raises(StudyError, match="no control"):
        judged({"slope": (RIGHT, None)})
    with pytest.raises(ValueError, match="negative control"):
        claim(control=None)


def test_a_node_that_holds_no_evidence_is_named() -> None:
    with pytest.raises(StudyError, match="holds no evidence"):
        judged({"slope": (xr.Dataset({"x": 1}), WRONG)})


def test_claims_of_one_name_and_malformed_claims_are_refused() -> None:
    tree = xr.DataTree.from_dict(claim_tree({"heads": {"slope": (RIGHT, WRONG)}}))
    with pytest.raises(StudyError, match="one name"):
        judge("limit_law", "2506.00846", [claim(), claim()], tree)
    with pytest.raises(ValueError, match="hyphens"):
        claim(name="Heads")
    with pytest.raises(ValueError, match="distinct"):
        claim(slope_test(), slope_test())


def test_verdicts_are_valid_json_by_the_schema_even_with_failed_numbers() -> None:
    found = [judged({"slope": (evidence("slope", np.nan, np.inf), WRONG)}), judged({"slope": (RIGHT, WRONG)})]
    text = json.dumps([verdict.model_dump(mode="json") for verdict in found], allow_nan=False)
    jsonschema.validate(json.loads(text), verdicts.schema())
    assert [Verdict.model_validate_json(json.dumps(entry)) for entry in json.loads(text)] == found


def test_the_schema_refuses_unknown_and_missing_fields() -> None:
    entry = judged({"slope": (RIGHT, WRONG)}).model_dump(mode="json")
    for broken in ({**entry, "p_hacked": True}, {k: v for k, v in entry.items() if k != "margin_reason"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate([broken], verdicts.schema())


@pytest.mark.parametrize(
    "change",
    [
        {"interval": None},
        {"control": None},
        {"estimate": None},
        {"interval": (None, None)},
    ],
)
def test_a_judged_claim_must_show_its_evidence(change: dict[str, object]) -> None:
    entry = judged({"slope": (RIGHT, WRONG)}).model_dump()
    with pytest.raises(pydantic.ValidationError):
        Verdict.model_validate({**entry, **change})


def test_a_decided_claim_must_have_a_rejected_control() -> None:
    entry = judged({"slope": (RIGHT, WRONG)}).model_dump()
    with pytest.raises(pydantic.ValidationError, match="control was not rejected"):
        Verdict.model_validate({**entry, "control": {**entry["control"], "rejected": False}})


def test_an_undecided_claim_says_what_it_takes_from_its_own_intervals() -> None:
    silent = claim(needs="")
    vague = evidence("slope", -1.0, 0.1, n=10, degrees=9)
    assert judged({"slope": (RIGHT, WRONG)}, silent).needs == ""
    assert "times as large" in judged({"slope": (vague, WRONG)}, silent).needs
    assert "for the control" in judged({"slope": (RIGHT, evidence("slope", 0.0, 0.5, n=10))}, silent).needs
    assert judged({"slope": (vague, WRONG)}).needs == "ten times the draws"  # the study's own words
