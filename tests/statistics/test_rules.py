from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from widthscope.statistics.bands import more_draws
from widthscope.statistics.evidence import evidence, law_evidence, of_counts
from widthscope.statistics.rules import Above, Below, Equals, MatchesExact, Reported, Rule, SameLaw

LEVEL = 0.99
RULES: list[Rule] = [Equals(0.1), Above(0.5), Below(0.5), MatchesExact(0.1), SameLaw(0.1)]
finite = st.floats(-100, 100)


def law(distance: float, p_value: float, n: int = 10**6) -> object:
    return law_evidence("y", distance, p_value, n)


@pytest.mark.parametrize(
    ("rule", "measured", "verdict"),
    [
        (Equals(0.1), evidence("a", 1.02, 0.01, prediction=1.0), "supported"),
        (
            Equals(0.1),
            evidence("a", 1.05, 0.01, prediction=1.0),
            "supported",
        ),  # excludes 1, by less than matters
        (Equals(0.1), evidence("a", 1.3, 0.01, prediction=1.0), "refuted"),
        (Equals(0.1), evidence("a", 1.09, 0.01, prediction=1.0), "undecided"),
        (Equals(0.1), evidence("a", 1.0, 0.1, prediction=1.0), "undecided"),
        (Above(0.5), evidence("a", 0.6, 0.01), "supported"),
        (Above(0.5), evidence("a", 0.4, 0.01), "refuted"),
        (Above(0.5), evidence("a", 0.51, 0.01), "undecided"),
        (Below(0.5), evidence("a", 0.4, 0.01), "supported"),
        (Below(0.5), evidence("a", 0.6, 0.01), "refuted"),
        (Below(0.5), evidence("a", 0.49, 0.01), "undecided"),
        (MatchesExact(0.1), evidence(["a", "b"], [1.01, 1.99], 0.01, prediction=[1, 2]), "supported"),
        (MatchesExact(0.1), evidence(["a", "b"], [1.01, 2.04], 0.01, prediction=[1, 2]), "refuted"),
        (MatchesExact(0.1), evidence(["a", "b"], [1.1, 1.9], 0.5, prediction=[1, 2]), "undecided"),
        (SameLaw(0.1), law(0.0005, 0.9), "supported"),
        (SameLaw(0.1), law(0.05, 1e-9), "refuted"),
        (SameLaw(0.1, alpha=0.05), law(0.002, 0.03), "undecided"),
        (SameLaw(0.1), law(0.05, 0.5, n=200), "undecided"),
    ],
)
def test_each_rule_has_three_outcomes(rule: Rule, measured: object, verdict: str) -> None:
    assert rule.judge(measured, LEVEL).verdict == verdict


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize(
    "failed",
    [
        evidence([], [], []),
        evidence(["a", "b"], np.nan, 0.1, prediction=1.0, p_value=np.nan),
        evidence("a", np.inf, 0.1, prediction=1.0),
        evidence("a", 0.0, np.inf, prediction=1.0),
        evidence("a", 0.0, np.nan, prediction=1.0),
    ],
    ids=["zero components", "all failed", "infinite estimate", "infinite error", "unknown error"],
)
def test_no_usable_evidence_is_undecided_with_a_reason(rule: Rule, failed: object) -> None:
    found = rule.judge(failed, LEVEL)
    assert found.verdict == "undecided"
    assert "measured" in found.reason or "failed" in found.reason
    assert found.interval == (-np.inf, np.inf)


WRONG_AND_MISSING: list[tuple[Rule, object]] = [
    (Equals(0.1), evidence(["a", "b"], [np.nan, 3.0], 0.1, prediction=1.0)),
    (Above(0.5), evidence(["a", "b"], [np.nan, -3.0], 0.1)),
    (Below(0.5), evidence(["a", "b"], [np.nan, 3.0], 0.1)),
    (MatchesExact(0.1), evidence(["a", "b"], [np.nan, 3.0], 0.1, prediction=1.0)),
    (SameLaw(0.1), law_evidence(["a", "b"], [np.nan, 0.2], [np.nan, 1e-20], 10**5)),
]
RIGHT_AND_MISSING: list[tuple[Rule, object]] = [
    (Equals(0.1), evidence(["a", "b"], [np.nan, 1.0], 0.001, prediction=1.0)),
    (Above(0.5), evidence(["a", "b"], [np.nan, 3.0], 0.1)),
    (Below(0.5), evidence(["a", "b"], [np.nan, -3.0], 0.1)),
    (MatchesExact(0.1), evidence(["a", "b"], [np.nan, 1.0], 0.001, prediction=1.0)),
    (SameLaw(0.1), law_evidence(["a", "b"], [np.nan, 1e-4], [np.nan, 0.9], 10**6)),
]


@pytest.mark.parametrize(("rule", "measured"), WRONG_AND_MISSING)
def test_a_missing_component_does_not_shield_from_refutation(rule: Rule, measured: object) -> None:
    assert rule.judge(measured, LEVEL).verdict == "refuted"


@pytest.mark.parametrize(("rule", "measured"), RIGHT_AND_MISSING)
def test_a_missing_component_prevents_support(rule: Rule, measured: object) -> None:
    found = rule.judge(measured, LEVEL)
    assert found.verdict == "undecided"
    assert "1 of 2" in found.reason


def test_a_prediction_that_is_missing_is_named() -> None:
    measured = evidence(["a", "b"], 1.0, 0.001, prediction=[1.0, np.nan])
    for rule in (Equals(0.1), MatchesExact(0.1)):
        found = rule.judge(measured, LEVEL)
        assert found.verdict == "undecided"
        assert "first: b" in found.reason


def test_intervals_hold_jointly_over_components_with_students_quantile() -> None:
    found = Equals(1.0).judge(evidence(["a", "b"], [1.0, 1.1], 0.1, prediction=1.0, degrees=9), LEVEL)
    half = stats.t.isf(0.01 / 4, 9) * 0.1
    assert found.components[0].interval == pytest.approx((1 - half, 1 + half))
    assert found.interval == pytest.approx((1.1 - half, 1.1 + half))  # the worst component is the headline
    assert found.components[1].z == pytest.approx(1.0)
    assert (found.prediction, found.level) == (1.0, LEVEL)


def test_standard_errors_override_the_level_and_state_theirs() -> None:
    measured = evidence(["a", "b"], [1.0, 2.0], [0.1, 0.1], n=[10, 20])
    found = Above(0.45, standard_errors=5).judge(measured, LEVEL)
    assert found.verdict == "supported"
    assert found.interval == pytest.approx((0.5, 1.5))
    assert found.n == 10
    assert 1 - found.level == pytest.approx(2 * 2 * stats.norm.sf(5), rel=1e-6)
    assert Above(0.55, standard_errors=5).judge(measured, LEVEL).verdict == "undecided"
    assert Above(2.6, standard_errors=5).judge(measured, LEVEL).verdict == "refuted"


def test_the_refuting_component_is_the_headline() -> None:
    measured = evidence(["wide", "wrong"], [1.0, 2.0], [5.0, 0.01], prediction=1.0)
    found = Equals(0.1).judge(measured, LEVEL)
    assert found.verdict == "refuted"
    assert found.estimate == 2.0
    assert "wrong" in found.reason


def test_undecided_says_how_large_a_sample_would_do() -> None:
    found = Equals(0.1).judge(evidence("a", 1.0, 0.1, prediction=1.0), LEVEL)
    times = (stats.norm.isf(0.005) * 0.1 / 0.1) ** 2
    assert f"a sample about {times:.2g} times as large" in found.reason


def test_a_prediction_within_rounding_of_a_point_is_contained() -> None:
    for prediction, said in ((np.nextafter(4.0, 0), False), (4.0, False), (4.0 - 1e-9, True)):
        found = Equals(0.1).judge(evidence("a", 4.0, 0.0, prediction=prediction), LEVEL)
        assert found.verdict == "supported"
        assert ("does not contain the prediction" in found.reason) is said


def test_an_estimate_at_the_limit_hints_at_no_size() -> None:
    assert "sample" not in Above(0.0).judge(evidence("a", 0.001, 0.1, n=3, degrees=2), LEVEL).reason
    assert more_draws(40, 1.0) == ""


@pytest.mark.parametrize(
    ("half", "words"),
    [
        (1.1, "(a sample slightly larger would do"),
        (1.5, "(a sample about 2.2 times as large"),
        (12, "(a sample about 140 times as large"),
    ],
)
def test_the_size_of_a_sample_reads_well_at_any_size(half: float, words: str) -> None:
    assert words in more_draws(half, 1.0)


@pytest.mark.parametrize(
    ("rule", "successes", "verdict"),
    [
        (Below(0.12), 0, "supported"),  # 0 of 50 leaves 0.1005 possible at 0.99
        (Below(0.1), 0, "undecided"),
        (Above(0.88), 50, "supported"),
        (Below(0.12), 50, "refuted"),
        (Above(0.2), 0, "refuted"),
    ],
)
def test_counts_have_exact_intervals_even_where_none_or_all_succeeded(
    rule: Rule, successes: int, verdict: str
) -> None:
    found = rule.judge(of_counts("a", successes, 50), LEVEL)
    exact = stats.binomtest(successes, 50).proportion_ci(LEVEL, method="exact")
    assert found.verdict == verdict
    assert found.interval == pytest.approx((exact.low, exact.high))
    assert found.n == 50


def test_counts_beside_a_missing_one_keep_their_intervals() -> None:
    table = of_counts(["a", "b"], [0, 0], 50)
    table["estimate"][1] = np.nan
    low, high = Reported().judge(table, LEVEL).interval
    assert low == 0
    assert high == pytest.approx(1 - 0.0025 ** (1 / 50))


def test_exact_match_pools_relative_deviations() -> None:
    found = MatchesExact(0.1).judge(
        evidence(["a", "b"], [1.01, 4.0], [0.01, 0.04], prediction=[1, 4], n=7), LEVEL
    )
    half = stats.norm.isf(0.005) * 0.01 / np.sqrt(2)
    assert found.estimate == pytest.approx(0.005)
    assert found.interval == pytest.approx((0.005 - half, 0.005 + half))
    assert found.prediction == 0.0
    assert found.n == 14
    shared = MatchesExact(0.1, independent=False).judge(
        evidence(["a", "b"], [1.01, 4.0], [0.01, 0.04], prediction=[1, 4], n=7), LEVEL
    )
    assert shared.interval[1] - shared.estimate == pytest.approx(half * np.sqrt(2))
    assert shared.n == 7


def test_components_that_deviate_only_together_support_nothing() -> None:
    """Nine values, each 2.5 standard errors off: none is beyond chance, their mean is, at any margin."""
    names = [f"c{i}" for i in range(9)]
    for margin in (0.001, 0.01, 0.1):
        for value in (1.0025, 0.9975):
            found = MatchesExact(margin).judge(evidence(names, value, 0.001, prediction=1.0), LEVEL)
            assert found.verdict == "undecided"
            assert "together they do" in found.reason
    alone = MatchesExact(0.01).judge(evidence(names, 1.0005, 0.001, prediction=1.0), LEVEL)
    assert alone.verdict == "supported"
    correlated = MatchesExact(0.01, independent=False)
    assert correlated.judge(evidence(names, 1.0025, 0.001, prediction=1.0), LEVEL).verdict == "supported"


def test_exact_match_of_zero_needs_a_scale() -> None:
    bare = evidence(["a", "b"], [0.001, 1.0], 0.001, prediction=[0, 1])
    scaled = evidence(["a", "b"], [0.001, 1.0], 0.001, prediction=[0, 1], scale=1.0)
    assert MatchesExact(0.1).judge(bare, LEVEL).verdict == "undecided"
    assert "scale" in MatchesExact(0.1).judge(bare, LEVEL).reason
    assert MatchesExact(0.1).judge(scaled, LEVEL).verdict == "supported"


def test_exact_match_without_any_scale_shows_the_component_itself() -> None:
    found = MatchesExact(0.1).judge(evidence("a", 0.3, 0.01, prediction=0, n=4), LEVEL)
    assert (found.verdict, found.estimate, found.prediction, found.n) == ("refuted", 0.3, 0.0, 4)
    assert found.interval == pytest.approx((0.3 - 2.5758 * 0.01, 0.3 + 2.5758 * 0.01), abs=1e-5)


@pytest.mark.parametrize(
    ("value", "verdict"), [(1.0 + 1e-12, "supported"), (1.05, "supported"), (1.2, "refuted")]
)
def test_exact_match_of_a_deterministic_value_goes_by_the_margin(value: float, verdict: str) -> None:
    assert MatchesExact(0.1).judge(evidence("a", value, 0.0, prediction=1.0), LEVEL).verdict == verdict


def test_exact_match_refutes_a_true_prediction_no_more_often_than_stated() -> None:
    rng = np.random.default_rng(0)
    repeats, level, names = 1500, 0.9, [f"c{i}" for i in range(8)]
    draws = 1 + 0.1 * rng.normal(size=(repeats, 8, 10))
    refuted = 0
    for batch in draws:
        error = batch.std(-1, ddof=1) / np.sqrt(10)
        table = evidence(names, batch.mean(-1), error, prediction=1.0, degrees=9)
        refuted += MatchesExact(0.5).judge(table, level).verdict == "refuted"
    low, high = stats.binom.interval(1 - 1e-4, repeats, 1 - (1 - 0.1 / 8) ** 8)
    assert low <= refuted <= high


def test_equivalence_supports_a_value_at_the_margin_no_more_often_than_stated() -> None:
    rng = np.random.default_rng(1)
    repeats, level = 3000, 0.9
    supported = sum(
        Equals(0.1).judge(evidence("a", 1.1 + 0.01 * rng.normal(), 0.01, prediction=1.0), level).verdict
        == "supported"
        for _ in range(repeats)
    )
    low, high = stats.binom.interval(1 - 1e-4, repeats, (1 - level) / 2)  # each one-sided test spends half
    assert low <= supported <= high


def test_same_law_shows_its_largest_distance_with_the_dkw_bound() -> None:
    found = SameLaw(0.1).judge(law_evidence(["a", "b"], [0.01, 0.02], [0.5, 0.1], 10**4, 10**4), LEVEL)
    half = np.sqrt(np.log(4 * 2 / 0.01)) * 2 / np.sqrt(2 * 10**4)
    assert found.estimate == 0.02
    assert found.interval == pytest.approx((0.0, 0.02 + half))
    assert found.verdict == "supported"
    plain = evidence(["a", "b"], [0.01, 0.02], np.nan, n=10**4, p_value=[0.5, 0.1])  # two samples of n each
    assert SameLaw(0.1).judge(plain, LEVEL).interval == pytest.approx(found.interval)


def test_same_law_spends_the_tests_share_of_the_error_on_refutation() -> None:
    table = law_evidence("a", 0.004, 0.003, 10**6)
    assert SameLaw(0.1).judge(table, 0.99).verdict == "refuted"
    assert SameLaw(0.1).judge(table, 0.9998).verdict == "undecided"


def test_reported_shows_the_first_component() -> None:
    found = Reported().judge(
        evidence(["first", "second"], [3.0, 4.0], [0.1, np.nan], prediction=2.0, n=5), LEVEL
    )
    assert (found.verdict, found.estimate, found.prediction, found.n) == ("reported", 3.0, 2.0, 5)
    assert found.components[1].interval == (-np.inf, np.inf)
    assert Reported().judge(evidence([], [], []), LEVEL).verdict == "reported"


@given(finite, st.floats(1e-6, 50), st.floats(0.0, 1.0), finite, st.floats(1e-3, 50))
def test_tightening_an_interval_never_flips_a_verdict(
    estimate: float, error: float, shrink: float, prediction: float, margin: float
) -> None:
    for rule in (Equals(margin), Above(prediction), Below(prediction)):
        wide = rule.judge(evidence("a", estimate, error, prediction=prediction), LEVEL).verdict
        tight = rule.judge(evidence("a", estimate, error * shrink, prediction=prediction), LEVEL).verdict
        assert tight == wide or wide == "undecided"


@given(st.lists(st.tuples(finite, st.floats(1e-3, 10)), min_size=1, max_size=6), st.floats(-50, 50))
def test_above_and_below_mirror_each_other(rows: list[tuple[float, float]], threshold: float) -> None:
    names = [f"c{i}" for i in range(len(rows))]
    values, errors = np.array(rows).T
    above = Above(threshold).judge(evidence(names, values, errors), LEVEL)
    below = Below(-threshold).judge(evidence(names, -values, errors), LEVEL)
    assert above.verdict == below.verdict
    assert above.estimate == -below.estimate


@given(st.permutations(range(5)), st.lists(finite, min_size=5, max_size=5), st.sampled_from(RULES[:4]))
def test_the_order_of_components_does_not_matter(order: list[int], values: list[float], rule: Rule) -> None:
    assume(len(set(values)) == 5)
    names, x = np.array(list("abcde")), np.array(values)
    first = rule.judge(evidence(names, x, 1.0, prediction=1.0), LEVEL)
    second = rule.judge(evidence(names[order], x[order], 1.0, prediction=1.0), LEVEL)
    assert first.verdict == second.verdict
    assert first.estimate == pytest.approx(second.estimate, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "rule",
    [
        lambda: Equals(0.0),
        lambda: Equals(np.inf),
        lambda: MatchesExact(-1),
        lambda: Above(0, 0),
        lambda: Below(0, -5),
        lambda: SameLaw(0.1, 1.0),
    ],
)
def test_rules_without_sense_are_refused(rule: Callable[[], Rule]) -> None:
    with pytest.raises(ValueError, match="allowed"):
        rule()


@pytest.mark.parametrize("rule", [*RULES, Reported()], ids=lambda rule: type(rule).__name__)
def test_every_rule_says_its_criterion(rule: Rule) -> None:
    assert len(rule.criterion.split()) > 2
    assert rule.limit is None or f"{rule.limit:g}" in rule.criterion


@pytest.mark.parametrize("rule", [Above(-0.5), Below(-0.5), Below(0.5), Equals(0.3), Reported()])
@pytest.mark.parametrize("value", [-1.0, -1.0 - 1e-15, -0.8, 0.0, 0.9])
def test_intervals_end_where_values_do_and_verdicts_stay(rule: Rule, value: float) -> None:
    ends = (-1.0, 1.0)
    numbers = {"component": ["a", "b"], "estimate": [value, -0.4], "standard_error": 0.3, "prediction": -1.0}
    free, within = rule.judge(evidence(**numbers), 0.99), rule.judge(evidence(**numbers, possible=ends), 0.99)
    assert within.verdict == free.verdict
    assert within.level == free.level
    for one, other in zip(within.components, free.components, strict=True):
        assert one.interval == pytest.approx(np.clip(other.interval, *ends))
        assert one.interval[0] <= one.estimate <= one.interval[1]
    assert within.reason.partition("(a sample")[2] == free.reason.partition("(a sample")[2]


def test_what_was_not_measured_has_the_whole_line_also_within_a_range() -> None:
    table = evidence(["a", "b"], [np.nan, 0.5], [np.nan, 0.1], possible=(0.0, 1.0))
    assert Above(0.0).judge(table, 0.99).components[0].interval == (-np.inf, np.inf)
