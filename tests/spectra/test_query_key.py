"""Small products against the dense matrix W, which only these tests form."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from widthscope.spectra.query_key import eigenvalues, head_grams, singular_values, small_product, traces

EPS = np.finfo(np.float64).eps
SHAPES = [(24, 192), (16, 16), (1, 12), (7, 8), (1, 1)]


def gaussian_head(head_dim: int, width: int, *, seed: int = 0, leading: tuple[int, ...] = ()) -> tuple:
    rng = np.random.default_rng(seed)
    shape = (*leading, head_dim, width)
    return rng.standard_normal(shape) / np.sqrt(width), rng.standard_normal(shape) / np.sqrt(width)


def dense(query: NDArray, key: NDArray, scale: float | None = None) -> NDArray:
    return query.T @ key * (len(query) ** -0.5 if scale is None else scale)


def largest_matched_difference(found: NDArray, expected: NDArray) -> float:
    """Largest |found - expected| over the pairing of least total distance."""
    cost = np.abs(found[:, None] - expected[None, :])
    return float(cost[linear_sum_assignment(cost)].max())


def tolerance(query: NDArray, key: NDArray) -> float:
    """50 eps d_h times the norm of W, the tolerance of a numeric identity in the theory notes."""
    return 50 * EPS * len(query) * np.linalg.norm(dense(query, key), 2)


@pytest.mark.parametrize(("head_dim", "width"), SHAPES)
def test_eigenvalues_are_those_of_the_dense_matrix_and_zeros(head_dim: int, width: int) -> None:
    query, key = gaussian_head(head_dim, width)
    found = np.concatenate([eigenvalues(query, key), np.zeros(width - head_dim)])
    expected = np.linalg.eigvals(dense(query, key))
    assert largest_matched_difference(found, expected) <= tolerance(query, key)


@pytest.mark.parametrize(("head_dim", "width"), SHAPES)
@pytest.mark.parametrize("scale", [None, 1.0, -0.3])
def test_traces_are_those_of_the_dense_matrix(head_dim: int, width: int, scale: float | None) -> None:
    query, key = gaussian_head(head_dim, width)
    W = dense(query, key, scale)
    found = traces(query, key, scale)
    bound = 50 * EPS * head_dim * np.linalg.norm(W) * max(1, np.linalg.norm(W))
    assert abs(found.trace - np.trace(W)) <= bound
    assert abs(found.trace_of_square - np.trace(W @ W)) <= bound
    assert abs(found.frobenius_square - np.sum(W * W)) <= bound
    assert found.frobenius == pytest.approx(np.linalg.norm(W))
    np.testing.assert_allclose(head_grams(query, key, scale).traces().trace, np.trace(W), atol=bound)


@pytest.mark.parametrize(("head_dim", "width"), [*SHAPES, (9, 5)])
def test_singular_values_are_those_of_the_dense_matrix(head_dim: int, width: int) -> None:
    query, key = gaussian_head(head_dim, width)
    expected = np.linalg.svd(dense(query, key), compute_uv=False)[:head_dim]
    np.testing.assert_allclose(singular_values(query, key), expected, atol=tolerance(query, key), rtol=0)


def test_singular_values_of_the_small_product_are_others() -> None:
    query, key = gaussian_head(24, 192)
    of_small = np.linalg.svd(small_product(query, key), compute_uv=False)
    assert np.abs(of_small - singular_values(query, key)).max() > 1e6 * tolerance(query, key)


def test_more_head_dimensions_than_width() -> None:
    query, key = gaussian_head(9, 5)
    found = eigenvalues(query, key)
    assert largest_matched_difference(found[:5], np.linalg.eigvals(dense(query, key))) <= tolerance(
        query, key
    )
    np.testing.assert_allclose(found[5:], 0, atol=tolerance(query, key))


def test_sum_of_squares_of_the_traces_is_that_of_eigenvalues_and_singular_values() -> None:
    query, key = gaussian_head(16, 64)
    found, lam = traces(query, key), eigenvalues(query, key)
    np.testing.assert_allclose(lam.sum(), found.trace, atol=1e-13)
    np.testing.assert_allclose((lam**2).sum(), found.trace_of_square, atol=1e-13)
    np.testing.assert_allclose((singular_values(query, key) ** 2).sum(), found.frobenius_square, rtol=1e-13)


def test_leading_dimensions_give_what_single_heads_give() -> None:
    query, key = gaussian_head(6, 20, leading=(2, 3))
    lam, sv, found = eigenvalues(query, key), singular_values(query, key), traces(query, key)
    assert lam.shape == sv.shape == (2, 3, 6)
    for index in np.ndindex(2, 3):
        np.testing.assert_allclose(lam[index], eigenvalues(query[index], key[index]), atol=1e-14)
        np.testing.assert_allclose(sv[index], singular_values(query[index], key[index]), atol=1e-14)
        alone = traces(query[index], key[index])
        assert found.trace[index] == pytest.approx(alone.trace, abs=1e-14)
        assert found.trace_of_square[index] == pytest.approx(alone.trace_of_square, abs=1e-14)
        assert found.frobenius_square[index] == pytest.approx(alone.frobenius_square, abs=1e-14)


def test_eigenvalues_are_ordered_and_conjugates_stay_together() -> None:
    query, key = gaussian_head(32, 64, leading=(5,))
    for lam in eigenvalues(query, key):
        assert np.all(np.diff(np.abs(lam)) <= 1e-14)
        above = np.flatnonzero(lam.imag > 0)
        np.testing.assert_array_equal(lam[above + 1], lam[above].conj())
        assert np.sum(lam.imag == 0) == 32 - 2 * len(above)


def test_float32_weights_are_multiplied_in_float64() -> None:
    query, key = (weight.astype(np.float32) for weight in gaussian_head(8, 32))
    np.testing.assert_array_equal(
        small_product(query, key), small_product(query.astype(np.float64), key.astype(np.float64))
    )


def test_a_head_that_is_not_finite_gets_nan_and_leaves_the_others() -> None:
    query, key = gaussian_head(4, 8, leading=(3,))
    whole = eigenvalues(query, key), singular_values(query, key)
    query[1, 2, 3], key[2, 0, 0] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        for found, before in zip((eigenvalues(query, key), singular_values(query, key)), whole, strict=True):
            np.testing.assert_array_equal(found[0], before[0])
            assert np.isnan(found[1:]).all()


def test_zero_heads() -> None:
    zero = np.zeros((2, 3, 7))
    np.testing.assert_array_equal(eigenvalues(zero, zero), np.zeros((2, 3)))
    np.testing.assert_array_equal(singular_values(zero, zero), np.zeros((2, 3)))
    np.testing.assert_array_equal(traces(zero, zero).frobenius, np.zeros(2))


@pytest.mark.parametrize("shapes", [((3, 4), (3, 5)), ((4,), (4,)), ((0, 4), (0, 4))])
def test_shapes_that_do_not_fit_are_refused(shapes: tuple) -> None:
    with pytest.raises(ValueError, match="head_dim, width"):
        small_product(np.zeros(shapes[0]), np.zeros(shapes[1]))
