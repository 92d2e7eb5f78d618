import numpy as np
import pytest
from scipy import stats

from widthscope.spectra import radial_law
from widthscope.spectra.departure import Departure, departure, edge_allowance, ks_distance
from widthscope.spectra.query_key import eigenvalues, traces


def gaussian_departure(head_dim: int, width: int, heads: int, shift: float = 0.0) -> Departure:
    rng = np.random.default_rng(0)
    query, noise = rng.standard_normal((2, heads, head_dim, width))
    key = noise + shift * query
    return departure(eigenvalues(query, key), traces(query, key).frobenius, width)


def test_ks_distance_is_scipys() -> None:
    sample = np.random.default_rng(1).random((3, 17)) ** 2
    found = ks_distance(np.sort(sample, axis=-1))
    expected = [stats.kstest(row, "uniform").statistic for row in sample]
    np.testing.assert_allclose(found, expected, atol=1e-15)


def test_ks_is_that_of_the_radial_law_in_the_matched_unit() -> None:
    query, key = np.random.default_rng(2).standard_normal((2, 16, 48))
    lam, norm = eigenvalues(query, key), traces(query, key).frobenius
    W = query.T @ key / 4
    u = np.abs(lam) / (4 * np.linalg.norm(W) / 48)
    expected = stats.kstest(u, lambda x: radial_law.cdf(x, 3.0)).statistic
    assert departure(lam, norm, 48).ks == pytest.approx(expected, abs=1e-12)


def test_gaussian_heads_hardly_depart() -> None:
    found = gaussian_departure(32, 128, 200)
    # 32 independent points would be 0.87 / sqrt(32) away on average; eigenvalues repel.
    assert found.ks.mean() < 0.87 / np.sqrt(32)
    error = found.positive_mass.std(ddof=1) / np.sqrt(200)
    assert abs(found.positive_mass.mean() - 0.5) < 4 * error
    assert 0.8 < found.real_fraction.mean() * np.sqrt(32) < 1.13


def test_aligned_heads_depart() -> None:
    found = gaussian_departure(32, 128, 20, shift=2.0)
    assert found.ks.min() > 0.3
    assert found.positive_mass.min() > 0.95
    null = gaussian_departure(32, 128, 20)
    assert found.outliers.mean() > null.outliers.mean() + 1


def test_one_large_eigenvalue_is_the_outlier() -> None:
    """W = bulk + c v v^T has an eigenvalue near c, far beyond the edge."""
    rng = np.random.default_rng(3)
    query, key = rng.standard_normal((2, 16, 64))
    query[0], key[0] = 12 * np.eye(64)[0], 12 * np.eye(64)[0]
    found = departure(eigenvalues(query, key), traces(query, key).frobenius, 64)
    assert found.outliers == 1


def test_size_alone_is_no_departure() -> None:
    query, key = np.random.default_rng(4).standard_normal((2, 8, 24))
    small, large = (
        departure(eigenvalues(c * query, key), traces(c * query, key).frobenius, 24) for c in (1, 1e4)
    )
    for name in ("ks", "outliers", "positive_mass", "real_fraction"):
        assert getattr(large, name) == pytest.approx(getattr(small, name))


@pytest.mark.parametrize(("head_dim", "aspect"), [(8, 1), (8, 16), (16, 4), (32, 1), (32, 4)])
def test_one_gaussian_head_in_a_thousand_has_an_outlier(head_dim: int, aspect: int) -> None:
    heads = 4000 if head_dim < 32 else 1000
    with_outlier = np.sum(gaussian_departure(head_dim, aspect * head_dim, heads).outliers > 0)
    # 0.001 was found by simulation; twice that, and four standard deviations more, would be another law.
    assert with_outlier <= stats.binom.ppf(stats.norm.cdf(4), heads, 0.002)


def test_edge_allowance_follows_the_spacing_of_eigenvalues_at_the_edge() -> None:
    for aspect in (1.0, 4.0, 100.0):
        edge = radial_law.edge(aspect)
        spacing = 1 / np.sqrt(np.pi * 64 * radial_law.density(edge, aspect))
        assert edge_allowance(64, aspect) == pytest.approx(1 + 2.2 * spacing / edge)
    assert edge_allowance(256, 4.0) - 1 == pytest.approx((edge_allowance(64, 4.0) - 1) / 2)


def test_a_single_eigenvalue_and_zero_and_missing_heads() -> None:
    lam = np.array([[2.0 + 0j], [0], [np.nan]])
    found = departure(lam, np.array([2.0, 0.0, np.nan]), 1)
    np.testing.assert_array_equal(found.ks[1:], np.nan)
    np.testing.assert_array_equal(found.outliers[1:], np.nan)
    np.testing.assert_array_equal(found.positive_mass[1:], np.nan)
    np.testing.assert_array_equal(found.real_fraction[1:], np.nan)
    # d = d_h = 1: u = |lambda| / ||W||_F = 1 is the edge of the law, F = 1
    assert found.ks[0] == found.positive_mass[0] == found.real_fraction[0] == 1
    assert found.outliers[0] == 0


def test_more_head_dimensions_than_width_are_refused() -> None:
    with pytest.raises(ValueError, match="aspect"):
        departure(np.ones(4), 1.0, 2)
