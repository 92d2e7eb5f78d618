import numpy as np
import pytest
from scipy import stats

from widthscope.spectra import haar
from widthscope.spectra.query_key import singular_values, traces
from widthscope.spectra.scores import trace_score


def lopsided_head(head_dim: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """An aligned, strongly non-Gaussian W: geometric singular values, sparse entries."""
    rng = np.random.default_rng(7)
    key = rng.standard_normal((head_dim, width)) * (rng.random((head_dim, width)) < 0.3)
    return key * 0.6 ** np.arange(head_dim)[:, None] + 0.1, key


def within(sample: np.ndarray, mean: float, errors: float = 4.0) -> bool:
    return abs(sample.mean() - mean) < errors * sample.std(ddof=1) / np.sqrt(len(sample))


def test_frames_are_orthonormal_and_whole_ones_are_rotations() -> None:
    generator = np.random.default_rng(0)
    for columns in (1, 3, 6):
        found = haar.frames(4, 6, columns, generator)
        assert found.shape == (4, 6, columns)
        gram = np.swapaxes(found, -1, -2) @ found
        np.testing.assert_allclose(gram, np.broadcast_to(np.eye(columns), gram.shape), atol=1e-14)


def test_moments_of_haar_matrices() -> None:
    """E O_11^2 = 1/d, E O_11^4 = 3 / (d (d+2)), E O_11^2 O_22^2 = (d+1) / (d (d-1) (d+2)), E tr(O)^2 = 1."""
    d = 5
    O = haar.frames(20_000, d, d, np.random.default_rng(1))  # noqa: E741
    assert within(O[:, 0, 0], 0)
    assert within(O[:, 3, 2] ** 2, 1 / d)
    assert within(O[:, 0, 0] ** 4, 3 / (d * (d + 2)))
    assert within(O[:, 0, 0] ** 2 * O[:, 1, 1] ** 2, (d + 1) / (d * (d - 1) * (d + 2)))
    assert within(np.trace(O, axis1=1, axis2=2) ** 2, 1)
    assert within(np.linalg.det(O), 0)  # both halves of O(d)


@pytest.mark.parametrize(("head_dim", "width"), [(1, 6), (4, 16), (8, 8)])
def test_null_scores_have_mean_zero_variance_one_and_the_exact_kurtosis(head_dim: int, width: int) -> None:
    s = singular_values(*lopsided_head(head_dim, width))
    z = haar.null_scores(s, width, 40_000, np.random.default_rng(2))
    assert within(z, 0)
    assert within(z**2, 1)
    assert within(z**4, 3 + float(haar.excess_kurtosis(s, width)))


def test_scores_of_rotated_keys_have_the_law_of_the_corner() -> None:
    """The definition, W_K -> W_K O, against the draws from frames."""
    head_dim, width, draws = 4, 12, 10_000
    query, key = lopsided_head(head_dim, width)
    rotations = haar.frames(draws, width, width, np.random.default_rng(3))
    rotated = trace_score(traces(np.broadcast_to(query, (draws, head_dim, width)), key @ rotations), width)
    drawn = haar.null_scores(singular_values(query, key), width, draws, np.random.default_rng(4))
    assert within(rotated, 0)
    assert within(rotated**2, 1)
    assert stats.ks_2samp(rotated, drawn).pvalue > 1e-3
    # The unrotated head is aligned, which the null shows.
    assert trace_score(traces(query, key), width) > np.abs(drawn).max()


def test_rank_one_scores_are_a_coordinate_of_a_unit_vector() -> None:
    width = 6
    z = haar.null_scores([2.0], width, 20_000, np.random.default_rng(5))
    assert stats.kstest(z**2 / width, stats.beta(0.5, (width - 1) / 2).cdf).pvalue > 1e-3
    assert haar.excess_kurtosis([2.0], width) == pytest.approx(3 * width / (width + 2) - 3)


def test_a_multiple_of_a_rotation_has_no_excess_kurtosis() -> None:
    assert haar.excess_kurtosis(np.full(8, 0.3), 8) == pytest.approx(0, abs=1e-15)
    assert haar.excess_kurtosis(np.ones(64), 768) == pytest.approx(-1.12e-4, rel=0.01)


def test_heads_share_draws_and_blocks_are_joined() -> None:
    s = np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 0.0]])
    z = haar.null_scores(s, 2_000, 1_100, np.random.default_rng(6))  # two blocks of 1048
    assert z.shape == (3, 1_100)
    np.testing.assert_allclose(z[0], z[1])
    assert np.isnan(z[2]).all()
    assert len(np.unique(z[0])) == 1_100


@pytest.mark.parametrize("columns", [0, 5])
def test_more_columns_than_dimensions_are_refused(columns: int) -> None:
    with pytest.raises(ValueError, match="columns"):
        haar.frames(1, 4, columns, np.random.default_rng(0))
