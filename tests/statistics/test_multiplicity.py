import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from widthscope.statistics.multiplicity import benjamini_hochberg, bonferroni, holm

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_holm_by_hand() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 is 0.02, 0.03, 0.06, 0.04; the maximum lifts the last.
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


def test_bonferroni_by_hand() -> None:
    np.testing.assert_allclose(bonferroni([0.01, 0.04, 0.5]), [0.03, 0.12, 1.0])


def brute_force_holm(p: list[float], alpha: float) -> set[int]:
    """Indices rejected by the sequential procedure itself."""
    rejected: set[int] = set()
    for step, index in enumerate(np.argsort(p, kind="stable")):
        if p[index] * (len(p) - step) > alpha:
            break
        rejected.add(int(index))
    return rejected


@given(p_lists, st.floats(0.001, 0.5))
def test_adjusted_values_decide_as_the_sequential_procedure(p: list[float], alpha: float) -> None:
    assert set(np.flatnonzero(holm(p) <= alpha)) == brute_force_holm(p, alpha)


@given(p_lists)
def test_holm_lies_between_p_and_bonferroni_and_keeps_order(p: list[float]) -> None:
    adjusted = holm(p)
    assert np.all(adjusted >= np.asarray(p))
    assert np.all(adjusted <= bonferroni(p) + 1e-15)
    assert np.all(np.diff(adjusted[np.argsort(p)]) >= 0)


@given(p_lists, st.data())
def test_a_smaller_p_value_never_raises_an_adjusted_one(p: list[float], data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(p) - 1))
    smaller = list(p)
    smaller[which] *= data.draw(st.floats(0, 1))
    assert np.all(holm(smaller) <= holm(p) + 1e-15)


def test_a_failed_test_counts_and_stays_missing() -> None:
    adjusted = holm([np.nan, 0.01, 0.2])
    assert np.isnan(adjusted[0])
    np.testing.assert_allclose(adjusted[1:], [0.03, 0.4])
    assert bonferroni([np.nan, 0.01])[1] == pytest.approx(0.02)


def test_holm_keeps_the_family_error_under_the_null() -> None:
    rng = np.random.default_rng(1)
    families = 4000
    false = sum(holm(rng.random(10)).min() <= 0.05 for _ in range(families))
    # P(any false rejection) = 1 - 0.995^10 = 0.0489; six binomial standard deviations around it
    expected = 1 - (1 - 0.05 / 10) ** 10
    assert abs(false / families - expected) < 6 * np.sqrt(expected * (1 - expected) / families)


def test_benjamini_hochberg_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.03, 0.5 times 4/1, 4/2, 4/3, 4/4 is 0.04, 0.04, 0.04, 0.5.
    np.testing.assert_allclose(benjamini_hochberg([0.03, 0.5, 0.01, 0.02]), [0.04, 0.5, 0.04, 0.04])
    # 0.04 · 2/1 is above 0.05 · 2/2, which pulls it down.
    np.testing.assert_allclose(benjamini_hochberg([[0.04, 0.05]]), [[0.05, 0.05]])


def brute_force_benjamini_hochberg(p: list[float], q: float) -> set[int]:
    """Indices up to the last k with p_(k) <= k q / m."""
    order = np.argsort(p, kind="stable")
    passing = [k for k in range(1, len(p) + 1) if p[order[k - 1]] * len(p) / k <= q]
    return {int(index) for index in order[: max(passing, default=0)]}


@given(p_lists, st.floats(0.001, 0.5))
def test_benjamini_hochberg_decides_as_the_step_up_procedure(p: list[float], q: float) -> None:
    assert set(np.flatnonzero(benjamini_hochberg(p) <= q)) == brute_force_benjamini_hochberg(p, q)


@given(p_lists)
def test_benjamini_hochberg_lies_between_p_and_holm(p: list[float]) -> None:
    adjusted = benjamini_hochberg(p)
    assert np.all(adjusted >= np.asarray(p) - 1e-15)
    assert np.all(adjusted <= holm(p) + 1e-15)


def test_benjamini_hochberg_counts_missing_tests() -> None:
    adjusted = benjamini_hochberg([np.nan, 0.01, 0.2])
    assert np.isnan(adjusted[0])
    np.testing.assert_allclose(adjusted[1:], [0.03, 0.3])
    assert np.isnan(benjamini_hochberg([np.nan])).all()


def test_benjamini_hochberg_keeps_the_false_discovery_rate() -> None:
    rng = np.random.default_rng(2)
    families, nulls, effects, q = 2000, 15, 5, 0.1
    p = np.concatenate([rng.random((families, nulls)), rng.random((families, effects)) * 1e-3], axis=1)
    rejected = np.array([benjamini_hochberg(family) <= q for family in p])
    share = rejected[:, :nulls].sum(1) / np.maximum(rejected.sum(1), 1)
    # For independent tests the rate is q · nulls / m exactly.
    expected = q * nulls / (nulls + effects)
    assert abs(share.mean() - expected) < 4.5 * share.std(ddof=1) / np.sqrt(families)
