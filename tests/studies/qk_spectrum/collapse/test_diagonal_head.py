"""The head with a given spectrum, against plain softmax of a dense query-key matrix."""

import numpy as np
import pytest

from widthscope.attention.collapse import attention_entropy, relative_residual
from widthscope.studies.qk_spectrum.collapse.diagonal_head import (
    LAWS,
    diversity_kept,
    entropy,
    normal_spectrum,
    sequences,
)

D, T = 12, 10


def dense_attention(tokens: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Attention (T, T), one score at a time."""
    weights = np.array([[np.exp(query @ matrix @ key) for key in tokens] for query in tokens])
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(("mean", "spread"), [(0.0, 0.0), (0.7, 0.0), (0.0, 2.0), (0.5, 1.0)])
def test_entropy_and_diversity_equal_those_of_a_dense_softmax(law, mean, spread):
    tokens = sequences(law, 3, T, D, np.random.default_rng(0))
    eigenvalues = mean + spread * normal_spectrum(D)
    attention = np.stack([dense_attention(one, np.diag(eigenvalues) / D**0.5) for one in tokens])
    assert entropy(tokens, eigenvalues) == pytest.approx(attention_entropy(attention).mean(), abs=1e-14)
    assert diversity_kept(tokens, eigenvalues) == pytest.approx(
        relative_residual(attention, tokens).mean(), abs=1e-14
    )


def test_rotated_eigenvectors_give_the_entropy_of_rotated_tokens():
    """A symmetric matrix with any eigenvectors is a diagonal one for tokens in their coordinates."""
    rng = np.random.default_rng(1)
    tokens, eigenvalues = sequences("walk", 2, T, D, rng), 1 + normal_spectrum(D)
    vectors = np.linalg.qr(rng.standard_normal((D, D)))[0]
    matrix = vectors @ np.diag(eigenvalues) @ vectors.T / D**0.5
    attention = np.stack([dense_attention(one, matrix) for one in tokens])
    assert entropy(tokens @ vectors, eigenvalues) == pytest.approx(
        attention_entropy(attention).mean(), abs=1e-13
    )


@pytest.mark.parametrize("width", [2, 7, 64])
def test_spectrum_is_standard_and_its_own_mirror_image(width):
    g = normal_spectrum(width)
    assert g.mean() == pytest.approx(0, abs=1e-15)
    assert np.mean(g**2) == pytest.approx(1, abs=1e-14)
    assert np.array_equal(g, -g[::-1])
    assert (np.diff(g) > 0).all()


def test_tokens_have_one_norm_and_neighbours_on_a_walk_are_close():
    walk, iid = (sequences(law, 400, T, D, np.random.default_rng(2)) for law in LAWS)
    for tokens in (walk, iid):
        assert np.allclose(np.linalg.norm(tokens, axis=-1), D**0.5)
    cosine = np.einsum("nd,nd->n", walk[:, -1], walk[:, -2]).mean() / D
    assert cosine == pytest.approx(((T - 1) / T) ** 0.5, abs=0.02)
    assert np.einsum("nd,nd->n", iid[:, -1], iid[:, -2]).mean() / D == pytest.approx(0, abs=0.06)


def test_without_scores_attention_is_uniform_and_the_rank_collapses():
    tokens = sequences("walk", 4, T, D, np.random.default_rng(3))
    assert entropy(tokens, np.zeros(D)) == pytest.approx(1, abs=1e-15)
    assert diversity_kept(tokens, np.zeros(D)) < 1e-13


def test_a_hard_head_has_no_entropy_and_keeps_all_diversity():
    tokens = sequences("iid", 4, T, D, np.random.default_rng(4))
    assert entropy(tokens, np.full(D, 1e4)) == pytest.approx(0, abs=1e-12)
    assert diversity_kept(tokens, np.full(D, 1e4)) == pytest.approx(1, abs=1e-12)
