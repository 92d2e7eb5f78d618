import numpy as np
import pytest
from scipy import special, stats

from widthscope.attention.collapse import (
    attention_distance,
    attention_entropy,
    relative_residual,
    residual,
)


def random_attention(*shape: int, causal: bool = False, seed: int = 0) -> np.ndarray:
    scores = 2 * np.random.default_rng(seed).standard_normal(shape)
    if causal:
        scores = np.where(np.tri(*shape[-2:], dtype=bool), scores, -np.inf)
    return special.softmax(scores, axis=-1)


def test_entropy_row_by_row() -> None:
    A = random_attention(3, 6, 9)
    expected = [np.mean([stats.entropy(row) / np.log(9) for row in head]) for head in A]
    np.testing.assert_allclose(attention_entropy(A), expected, rtol=1e-13)


def test_causal_entropy_divides_by_the_visible_keys_and_drops_the_first_row() -> None:
    A = random_attention(7, 7, causal=True)
    expected = np.mean([stats.entropy(A[t, : t + 1]) / np.log(t + 1) for t in range(1, 7)])
    assert attention_entropy(A, np.tri(7, dtype=bool)) == pytest.approx(expected)
    # The full log T for every row would make even uniform causal attention look peaked.
    assert attention_entropy(A) < expected


@pytest.mark.parametrize("size", [2, 5, 40])
def test_uniform_attention_has_entropy_one_and_single_keys_zero(size: int) -> None:
    visible = np.tri(size, dtype=bool)
    causal = visible / visible.sum(-1, keepdims=True)
    assert attention_entropy(causal, visible) == pytest.approx(1)
    assert attention_entropy(np.full((size, size), 1 / size)) == pytest.approx(1)
    assert attention_entropy(np.eye(size)) == 0
    assert attention_entropy(np.eye(size), visible) == 0


def test_no_choice_has_no_entropy() -> None:
    with pytest.raises(ValueError, match="two keys"):
        attention_entropy(np.ones((1, 1)))
    with pytest.raises(ValueError, match="two keys"):
        attention_entropy(np.eye(3), np.eye(3, dtype=bool))


def test_residual_against_the_centring_matrix() -> None:
    X = np.random.default_rng(1).standard_normal((4, 6, 3))
    centring = np.eye(6) - 1 / 6
    np.testing.assert_allclose(residual(X), [np.linalg.norm(centring @ tokens) for tokens in X], rtol=1e-13)
    assert residual(np.ones((6, 3))) == 0
    assert residual(X[0] + 5) == pytest.approx(residual(X[0]))


def test_relative_residual_of_the_extremes() -> None:
    X = np.random.default_rng(2).standard_normal((6, 3))
    assert relative_residual(np.eye(6), X) == pytest.approx(1)
    assert relative_residual(np.full((6, 6), 1 / 6), X) == pytest.approx(0, abs=1e-15)
    permutation = np.eye(6)[[3, 1, 0, 2, 5, 4]]
    assert relative_residual(permutation, X) == pytest.approx(1)
    assert np.isnan(relative_residual(np.eye(6), np.ones((6, 3))))
    half = 0.5 * np.eye(6) + 0.5 / 6
    assert relative_residual(half, X) == pytest.approx(0.5)
    assert relative_residual(np.stack([half] * 4), np.stack([X] * 4)).shape == (4,)


def test_distance_by_hand() -> None:
    assert attention_distance(np.eye(5)) == 0
    assert attention_distance(np.eye(5)[::-1]) == pytest.approx(np.mean([4, 2, 0, 2, 4]))
    A = random_attention(2, 5, 5)
    expected = [np.mean([sum(A[h, s, t] * abs(s - t) for t in range(5)) for s in range(5)]) for h in range(2)]
    np.testing.assert_allclose(attention_distance(A), expected)
