from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from widthscope.statistics.intervals import Estimate, batch_means, bootstrap, interval, jackknife


def covers_as_stated(hits: int, repeats: int, level: float) -> bool:
    """Whether a hit count is in the central 1 - 1e-4 range of the binomial law of exact coverage."""
    low, high = stats.binom.interval(1 - 1e-4, repeats, level)
    return bool(low <= hits <= high)


def test_batch_means_by_hand() -> None:
    estimate = batch_means([1.0, 2.0, 3.0, 6.0])
    assert estimate.value == 3.0
    assert estimate.standard_error == pytest.approx(np.sqrt((4 + 1 + 0 + 9) / 3 / 4))
    assert estimate.degrees == 3


def test_batch_means_keeps_other_axes() -> None:
    batches = np.random.default_rng(0).normal(size=(3, 8, 2))
    estimate = batch_means(batches, axis=1)
    np.testing.assert_allclose(estimate.value, batches.mean(1))
    np.testing.assert_allclose(estimate.standard_error, stats.sem(batches, axis=1))


def test_interval_is_scipys_student_interval() -> None:
    low, high = Estimate(2.0, 0.3, 7).interval(0.95)
    assert (low, high) == pytest.approx(stats.t.interval(0.95, 7, loc=2.0, scale=0.3))


def test_interval_is_joint_over_comparisons() -> None:
    low, high = interval([0.0, 1.0], [1.0, 2.0], 0.99, comparisons=2)
    half = stats.norm.isf(0.0025)
    np.testing.assert_allclose(high, [half, 1 + 2 * half])
    np.testing.assert_allclose(low, [-half, 1 - 2 * half])


def test_student_interval_of_few_batches_covers_as_stated() -> None:
    rng = np.random.default_rng(2)
    repeats, level = 3000, 0.9
    estimate = batch_means(rng.normal(1.5, 2.0, size=(5, repeats)))
    low, high = estimate.interval(level)
    assert covers_as_stated(int(np.sum((low <= 1.5) & (high >= 1.5))), repeats, level)


def test_jackknife_of_the_mean_is_the_batch_mean() -> None:
    batches = np.random.default_rng(3).normal(size=(9, 4))
    found = jackknife(lambda x: x.mean(0), batches)
    expected = batch_means(batches)
    np.testing.assert_allclose(found.value, expected.value)
    np.testing.assert_allclose(found.standard_error, expected.standard_error)
    np.testing.assert_allclose(found.bias, 0.0, atol=1e-14)


def test_jackknife_removes_the_bias_of_the_plug_in_variance_exactly() -> None:
    x = np.random.default_rng(4).normal(size=12)
    found = jackknife(lambda v: v.var(), x)
    assert found.value - found.bias == pytest.approx(x.var(ddof=1), rel=1e-12)


def test_jackknife_error_of_a_ratio_is_the_delta_methods() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(2.0, 0.1, 400), rng.normal(3.0, 0.1, 400)
    found = jackknife(lambda x, y: x.mean(0) / y.mean(0), a, b)
    ratio = a.mean() / b.mean()
    delta = np.std(a - ratio * b, ddof=1) / b.mean() / np.sqrt(len(a))
    assert found.value == pytest.approx(ratio)
    assert found.standard_error == pytest.approx(delta, rel=0.01)  # they differ by terms of order 1/400
    assert found.degrees == 399


@pytest.mark.parametrize("method", ["BCa", "percentile"])
def test_bootstrap_covers_and_repeats(method: str) -> None:
    seeds = np.random.default_rng(6).normal(5.0, 1.0, 30)
    first, again = (bootstrap(np.mean, seeds, np.random.default_rng(7), 0.95, 1999, method) for _ in range(2))
    assert first == again
    assert first.value == pytest.approx(seeds.mean())
    # The bootstrap error of a mean is plug-in sd/√S; 1999 resamples know it to 1/√(2·1999) = 1.6 %.
    assert first.standard_error == pytest.approx(seeds.std() / np.sqrt(30), rel=5 * 0.016)
    assert first.interval[0] < seeds.mean() < first.interval[1]


def test_bca_follows_the_skewness() -> None:
    seeds = np.random.default_rng(8).exponential(size=40)
    bca = bootstrap(np.mean, seeds, np.random.default_rng(9), 0.95)
    percentile = bootstrap(np.mean, seeds, np.random.default_rng(9), 0.95, method="percentile")
    assert bca.interval[0] > percentile.interval[0]
    assert bca.interval[1] > percentile.interval[1]


@pytest.mark.parametrize(
    "call",
    [
        lambda: batch_means([1.0]),
        lambda: jackknife(lambda x: x.mean(0), [1.0]),
        lambda: jackknife(lambda x, y: x.mean(0), [1.0, 2.0], [1.0, 2.0, 3.0]),
        lambda: bootstrap(np.mean, [1.0], np.random.default_rng(0)),
    ],
)
def test_one_batch_or_unequal_batches_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="batches"):
        call()
