import numpy as np
import pytest
from scipy import stats

from widthscope.statistics.pooling import pooled_deviation


def test_known_errors_pool_by_inverse_variance() -> None:
    mean, error, degrees = pooled_deviation(np.array([1.0, 4.0]), np.array([1.0, 2.0]), np.full(2, np.inf))
    assert mean == pytest.approx((1 + 4 / 4) / (1 + 1 / 4))
    assert error == pytest.approx(1 / np.sqrt(1 + 1 / 4))
    assert np.isinf(degrees)


def test_equal_errors_pool_their_degrees() -> None:
    _, error, degrees = pooled_deviation(np.zeros(4), np.ones(4), np.full(4, 19.0))
    assert degrees == pytest.approx(4 * 19)
    assert error == pytest.approx(0.5 * np.sqrt(1 + 4 * 4 * (1 / 4) * (3 / 4) / 19))


def test_pooled_interval_of_batches_covers_about_as_stated() -> None:
    rng = np.random.default_rng(0)
    repeats, batches, level = 4000, 10, 0.9
    draws = rng.normal(size=(repeats, 5, batches)) * np.array([1, 1, 2, 3, 5.0])[:, None]
    means, errors = draws.mean(-1), draws.std(-1, ddof=1) / np.sqrt(batches)
    covered = 0
    for m, s in zip(means, errors, strict=True):
        value, error, degrees = pooled_deviation(m, s, np.full(5, batches - 1.0))
        covered += abs(value) <= stats.t.isf((1 - level) / 2, degrees) * error
    # Meier is of first order in 1/9: within two points, and binomial noise of 5 standard deviations
    assert abs(covered / repeats - level) < 0.02 + 5 * np.sqrt(level * (1 - level) / repeats)


def test_correlated_components_gain_nothing_from_their_number() -> None:
    mean, error, degrees = pooled_deviation(np.full(9, 0.2), np.ones(9), np.full(9, 19.0), independent=False)
    assert (mean, error, degrees) == pytest.approx((0.2, 1.0, 19.0))


def test_deterministic_components() -> None:
    exact = pooled_deviation(np.array([0.1, 0.3]), np.zeros(2), np.full(2, np.inf))
    assert exact == (pytest.approx(0.2), 0.0, np.inf)
    mixed = pooled_deviation(np.array([0.1, 0.3]), np.array([0.0, 1.0]), np.full(2, np.inf))
    assert mixed == (pytest.approx(0.3), 1.0, np.inf)


def test_nothing_to_pool() -> None:
    mean, error, _ = pooled_deviation(np.array([]), np.array([]), np.array([]))
    assert np.isnan(mean)
    assert np.isinf(error)
