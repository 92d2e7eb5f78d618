import numpy as np
import pytest
from scipy import stats

from widthscope.statistics.distances import (
    dkw_half_width,
    energy_distance,
    ks_of_counts,
    ks_of_counts_from_law,
    ks_one_sample,
    ks_two_sample,
    pair_sum,
    squared_mmd,
    wasserstein_distance,
)
from widthscope.statistics.intervals import jackknife


@pytest.fixture
def samples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=37), rng.normal(0.3, 1.2, size=53)


def test_energy_distance_is_the_u_statistic_over_all_pairs(samples: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = samples
    within = [np.abs(v[:, None] - v)[~np.eye(len(v), dtype=bool)].mean() for v in (x, y)]
    expected = 2 * np.abs(x[:, None] - y).mean() - sum(within)
    assert energy_distance(x, y) == pytest.approx(expected, rel=1e-12)


def test_pair_sum_survives_a_large_offset() -> None:
    x = np.random.default_rng(1).normal(size=50)
    assert pair_sum(x + 1e8) == pytest.approx(pair_sum(x), rel=1e-6)


def test_energy_distance_is_unbiased() -> None:
    rng = np.random.default_rng(2)
    values = [energy_distance(rng.normal(size=6), rng.normal(1.0, size=5)) for _ in range(20_000)]
    # 2E|X-Y| - E|X-X'| - E|Y-Y'| for unit normals one apart: X-Y ~ N(1, 2), X-X' ~ N(0, 2)
    folded = stats.foldnorm(1 / np.sqrt(2), scale=np.sqrt(2)).mean()
    exact = 2 * folded - 2 * 2 / np.sqrt(np.pi)
    assert abs(np.mean(values) - exact) < 4 * stats.sem(values)


def test_wasserstein_and_ks_agree_with_scipy(samples: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = samples
    assert wasserstein_distance(x, y) == pytest.approx(stats.wasserstein_distance(x, y), rel=1e-12)
    found, expected = ks_two_sample(x, y), stats.ks_2samp(x, y, method="exact")
    assert found == pytest.approx((expected.statistic, expected.pvalue))
    one, known = ks_one_sample(x, stats.norm.cdf), stats.kstest(x, "norm")
    assert one == pytest.approx((known.statistic, known.pvalue))


def test_ks_of_counts_is_that_of_the_cell_numbers() -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.binomial(9, p, size) for p, size in ((0.5, 3_000), (0.52, 2_000)))
    found = ks_of_counts(*(np.bincount(values, minlength=10) for values in (x, y)))
    exact = stats.ks_2samp(x, y, method="asymp")
    assert found.distance == pytest.approx(exact.statistic)
    assert found.p_value == pytest.approx(exact.pvalue, rel=0.05)


def test_ks_of_counts_from_a_law_looks_at_the_inner_edges() -> None:
    found = ks_of_counts_from_law([10, 20, 30, 40], [0.25, 0.5, 0.75])
    assert found.distance == pytest.approx(0.2)
    assert found.p_value == pytest.approx(stats.kstwobign.sf(0.2 * np.sqrt(100)))


def test_wasserstein_distance_of_a_shift_is_the_shift() -> None:
    x = np.random.default_rng(3).normal(size=100)
    assert wasserstein_distance(x, x + 0.7) == pytest.approx(0.7)
    assert wasserstein_distance(np.round(x), np.round(x)) == 0.0  # ties


def test_dkw_half_width_closed_forms() -> None:
    assert dkw_half_width(1000, 0.95) == pytest.approx(np.sqrt(np.log(40) / 2000))
    both = dkw_half_width(1000, 0.95, 500)
    assert both == pytest.approx(dkw_half_width(1000, 0.975) + dkw_half_width(500, 0.975))


def test_dkw_band_covers_at_least_as_stated() -> None:
    rng = np.random.default_rng(4)
    n, m, repeats, level = 40, 60, 1500, 0.9
    truth = np.max(np.abs(stats.norm.cdf(grid := np.linspace(-6, 7, 4000)) - stats.norm.cdf(grid, 0.5)))
    half = dkw_half_width(n, level, m)
    misses = sum(
        abs(stats.ks_2samp(rng.normal(size=n), rng.normal(0.5, size=m), method="asymp").statistic - truth)
        > half
        for _ in range(repeats)
    )
    assert misses <= stats.binom.isf(1e-4, repeats, 1 - level)


def test_squared_mmd_is_the_sum_over_pairs_of_different_batches() -> None:
    D = np.random.default_rng(5).normal(size=(6, 9))
    expected = np.mean([D[a] @ D[b] / 9 for a in range(6) for b in range(6) if a != b])
    assert squared_mmd(D).value == pytest.approx(expected, rel=1e-12)


def test_squared_mmd_error_is_the_delete_one_jackknife() -> None:
    D = np.random.default_rng(6).normal(0.2, 1.0, size=(7, 5))
    found = squared_mmd(D)
    brute = jackknife(lambda d: (d.sum(0) ** 2 - (d**2).sum(0)).mean() / (len(d) * (len(d) - 1)), D)
    assert found.standard_error == pytest.approx(brute.standard_error, rel=1e-10)
    assert brute.bias == pytest.approx(0.0, abs=1e-12)
    assert found.degrees == 6


def test_squared_mmd_is_unbiased_and_may_be_negative() -> None:
    rng = np.random.default_rng(7)
    signal = rng.normal(0, 0.3, size=8)
    for truth, mean in ((float(np.mean(signal**2)), signal), (0.0, np.zeros(8))):
        values = np.array([squared_mmd(mean + rng.normal(size=(5, 8))).value for _ in range(20_000)])
        assert abs(values.mean() - truth) < 4 * stats.sem(values)
        assert values.min() < 0


def test_jackknife_error_of_squared_mmd_matches_its_spread() -> None:
    rng = np.random.default_rng(8)
    found = [squared_mmd(0.5 + 0.2 * rng.normal(size=(20, 16))) for _ in range(2000)]
    spread = np.std([e.value for e in found])
    typical = np.sqrt(np.mean([e.standard_error**2 for e in found]))
    # the jackknife variance is biased upwards by the degenerate part, here of relative size well below 5 %
    assert 0.95 < typical / spread < 1.1


def test_squared_mmd_takes_weights_and_complex_transforms() -> None:
    D = np.random.default_rng(9).normal(size=(4, 3))
    assert squared_mmd(D, weights=[0.5, 0.5, 0.5]).value == pytest.approx(1.5 * squared_mmd(D).value)
    assert squared_mmd(D * np.exp(0.7j)).value == pytest.approx(squared_mmd(D).value)


def test_energy_distance_by_cross_batch_products_of_cdf_differences() -> None:
    grid = np.linspace(-8, 9, 2001)
    difference = stats.norm.cdf(grid) - stats.norm.cdf(grid, 1.0)
    weights = np.full(len(grid), 2 * (grid[1] - grid[0]))
    found = squared_mmd(np.tile(difference, (5, 1)), weights)
    folded = stats.foldnorm(1 / np.sqrt(2), scale=np.sqrt(2)).mean()
    assert found.value == pytest.approx(2 * folded - 4 / np.sqrt(np.pi), rel=1e-9)
    assert found.standard_error == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("bad", [[1.0], [[1.0, 2.0]], [1.0, np.nan]])
def test_unusable_samples_are_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="sample"):
        energy_distance(bad, [0.0, 1.0])


def test_two_batches_are_too_few() -> None:
    with pytest.raises(ValueError, match="3"):
        squared_mmd(np.zeros((2, 4)))
