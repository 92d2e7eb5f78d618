import numpy as np
import pytest

from widthscope.attention.gram import RELU_ALPHA, RELU_BETA, exchangeable_gram, gram, limit_gram, root


def test_gram_is_the_mean_product_of_entries():
    tokens = np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 4.0]])
    assert gram(tokens) == pytest.approx(np.array([[2.5, 0.5, 4.0], [0.5, 5.0, -2.0], [4.0, -2.0, 8.0]]))


@pytest.mark.parametrize("tokens", [np.ones(3), np.zeros((0, 2))])
def test_gram_refuses_what_is_not_a_matrix_of_tokens(tokens):
    with pytest.raises(ValueError, match="tokens must have shape"):
        gram(tokens)


@pytest.mark.parametrize(("s", "d"), [(3, 7), (4, 4), (6, 2), (5, 1)])
def test_root_reveals_the_rank_also_for_more_tokens_than_dimensions(s, d):
    K = gram(np.random.default_rng(s).normal(size=(s, d)))
    L = root(K)
    assert L.shape == (s, min(s, d))
    np.testing.assert_allclose(L @ L.T, K, atol=1e-12)


def test_root_of_identical_tokens_has_rank_one_and_of_zero_tokens_is_zero():
    assert root(np.full((4, 4), 2.0)).shape == (4, 1)
    assert np.array_equal(root(np.zeros((3, 3))), np.zeros((3, 1)))


def test_cholesky_root_is_lower_triangular_and_continuous():
    K = exchangeable_gram(4, 0.3, 0.2)
    L = root(K, method="cholesky")
    assert np.array_equal(L, np.tril(L))
    np.testing.assert_allclose(L @ L.T, K)
    assert np.abs(root(K + 1e-7 * np.diag([1, 2, 3, 4]), method="cholesky") - L).max() < 1e-6


@pytest.mark.parametrize(
    ("matrix", "method", "message"),
    [
        (np.ones((2, 3)), "eigh", "square"),
        (np.array([[1.0, 0.2], [0.1, 1.0]]), "eigh", "symmetric"),
        (np.diag([1.0, -0.1]), "eigh", "positive semi-definite"),
        (np.ones((2, 2)), "cholesky", "not positive definite"),
    ],
)
def test_root_refuses(matrix, method, message):
    with pytest.raises(ValueError, match=message):
        root(matrix, method=method)


def test_limit_gram_of_each_token_law():
    g = np.random.default_rng(0).normal(size=(2, 400_000))
    relu = np.maximum(g, 0)
    assert np.array_equal(limit_gram("clip", 3), np.eye(3))
    assert limit_gram("relu", 2) == pytest.approx(gram(relu), abs=5e-3)
    np.testing.assert_allclose([RELU_ALPHA, RELU_BETA], [0.340845, 0.159155], atol=1e-6)
    K = exchangeable_gram(2, 1.0, 0.5)
    assert np.array_equal(limit_gram("fixed", 2, K), K)


@pytest.mark.parametrize(
    ("law", "fixed", "message"),
    [
        ("gelu", None, "unknown token law"),
        ("fixed", None, "fixed tokens"),
        ("clip", np.eye(2), "fixed tokens"),
        ("fixed", np.eye(3), "must have shape"),
    ],
)
def test_limit_gram_refuses(law, fixed, message):
    with pytest.raises(ValueError, match=message):
        limit_gram(law, 2, fixed)
