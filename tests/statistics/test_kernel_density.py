import numpy as np
import pytest
from scipy import stats

from widthscope.statistics.kernel_density import GRID_POINTS, kde_divergence, kernel_density, shared_grid


def papers_divergence(empirical: np.ndarray, theoretical: np.ndarray) -> float:
    """The lines of the authors' code."""
    grid = np.linspace(min(empirical.min(), theoretical.min()), max(empirical.max(), theoretical.max()), 500)
    p = stats.gaussian_kde(empirical)(grid) + 1e-12
    q = stats.gaussian_kde(theoretical)(grid) + 1e-12
    return float(stats.entropy(p / p.sum(), q / q.sum()))


@pytest.fixture
def samples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_t(6, size=3000), rng.normal(size=2500)


def test_divergence_is_the_papers(samples: tuple[np.ndarray, np.ndarray]) -> None:
    assert kde_divergence(*samples) == pytest.approx(papers_divergence(*samples), rel=1e-9)


def test_density_in_blocks_is_scipys() -> None:
    x = np.random.default_rng(1).normal(2.0, 3.0, size=25_000)
    grid = np.linspace(-10, 14, 40)
    np.testing.assert_allclose(kernel_density(x, grid), stats.gaussian_kde(x)(grid), rtol=1e-9)


def test_binned_density_converges_as_the_square_of_the_node_distance() -> None:
    x = np.random.default_rng(2).normal(size=2000)
    grid = np.linspace(-4, 4, 101)
    exact = kernel_density(x, grid)
    errors = [np.max(np.abs(kernel_density(x, grid, bins) - exact)) / exact.max() for bins in (100, 200, 400)]
    assert errors[0] > 2.5 * errors[1] > 6 * errors[2]
    bandwidth = x.std(ddof=1) * 2000**-0.2
    assert errors[2] < ((np.ptp(x) / 399) / bandwidth) ** 2 / 12


def test_binned_divergence_is_the_papers_to_far_below_its_floor(
    samples: tuple[np.ndarray, np.ndarray],
) -> None:
    floor = kde_divergence(samples[1][:1250], samples[1][1250:])
    assert abs(kde_divergence(*samples, bins=6000) - kde_divergence(*samples)) < 0.01 * floor


def test_a_sample_does_not_diverge_from_itself_and_two_of_one_law_do(
    samples: tuple[np.ndarray, np.ndarray],
) -> None:
    x = samples[1]
    assert kde_divergence(x, x) == 0.0
    assert kde_divergence(x[:1250], x[1250:]) > 1e-4


def test_shared_grid_spans_all_samples() -> None:
    grid = shared_grid([0.0, 1.0], [-2.0, 0.5], [3.0])
    assert (grid[0], grid[-1], len(grid)) == (-2.0, 3.0, GRID_POINTS)


@pytest.mark.parametrize("sample", [[1.0, 1.0, 1.0], [1.0], [0.0, np.nan]])
def test_a_sample_without_spread_is_refused(sample: list[float]) -> None:
    with pytest.raises(ValueError, match="different finite draws"):
        kernel_density(sample, np.linspace(0, 1, 5))
