import numpy as np
import pytest
from scipy import special, stats

from widthscope.spectra.entropy_forecast import entropy_forecast, normalised_walks


def brute_force(
    query: np.ndarray, key: np.ndarray, walks: np.ndarray, scale: float, causal: bool
) -> list[float]:
    """Entropy of each walk through the dense W, row by row."""
    W = scale * query.T @ key
    found = []
    for X in walks.astype(np.float64):
        rows = []
        for s in range(len(X)):
            keys = s + 1 if causal else len(X)
            if keys > 1:
                attention = special.softmax(X[s] @ W @ X[:keys].T)
                rows.append(stats.entropy(attention) / np.log(keys))
        found.append(np.mean(rows))
    return found


def head(head_dim: int, width: int, *leading: int, size: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return size * rng.standard_normal((2, *leading, head_dim, width))


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("scale", [None, 0.1])
def test_entropy_is_that_of_the_true_softmax(causal: bool, scale: float | None) -> None:
    query, key = head(4, 10)
    walks = normalised_walks(10, tokens=7, walks=5)
    found = entropy_forecast(query, key, walks.astype(np.float64), scale=scale, causal=causal)
    expected = brute_force(query, key, walks, 0.5 if scale is None else scale, causal)
    assert found.entropy == pytest.approx(np.mean(expected), rel=1e-12)
    assert found.standard_error == pytest.approx(np.std(expected, ddof=1) / np.sqrt(5), rel=1e-10)
    assert 0 < found.entropy < 1


def test_single_precision_is_enough() -> None:
    query, key = head(8, 64, 3)
    walks = normalised_walks(64, tokens=16, walks=3)
    single, double = (entropy_forecast(query, key, walks.astype(kind)) for kind in (np.float32, np.float64))
    np.testing.assert_allclose(single.entropy, double.entropy, atol=1e-4)


def test_walks_are_normalised_walks() -> None:
    walks = normalised_walks(50, tokens=20, walks=400)
    assert walks.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(walks, axis=-1), np.sqrt(50), rtol=1e-5)
    # For large d the cosine of x_s and x_t is sqrt(s / t), s <= t; at d = 50 within a few percent.
    cosine = np.einsum("nsd,ntd->nst", walks, walks).mean(0) / 50
    s, t = np.meshgrid(np.arange(1, 21), np.arange(1, 21), indexing="ij")
    np.testing.assert_allclose(cosine, np.sqrt(np.minimum(s, t) / np.maximum(s, t)), atol=0.03)


def test_walks_come_from_the_stream_of_their_sizes() -> None:
    np.testing.assert_array_equal(
        normalised_walks(6, tokens=4, walks=2), normalised_walks(6, tokens=4, walks=2)
    )
    assert not np.array_equal(
        normalised_walks(6, tokens=4, walks=2)[0], normalised_walks(6, tokens=4, walks=3)[0]
    )
    given = normalised_walks(6, tokens=4, walks=2, generator=np.random.default_rng(0))
    assert not np.array_equal(given, normalised_walks(6, tokens=4, walks=2))


def test_heads_do_not_depend_on_their_company() -> None:
    query, key = head(4, 12, 2, 3)
    walks = normalised_walks(12, tokens=8, walks=4)
    together = entropy_forecast(query, key, walks)
    alone = entropy_forecast(query[1, 2], key[1, 2], walks)
    assert together.entropy.shape == together.standard_error.shape == (2, 3)
    assert together.entropy[1, 2] == alone.entropy
    assert together.standard_error[1, 2] == alone.standard_error


def test_zero_heads_attend_evenly_and_large_ones_to_single_keys() -> None:
    walks = normalised_walks(8, tokens=12, walks=4)
    even = entropy_forecast(np.zeros((2, 8)), np.zeros((2, 8)), walks)
    assert even.entropy == pytest.approx(1)
    assert even.standard_error == pytest.approx(0, abs=1e-12)
    peaked = entropy_forecast(1e3 * np.eye(8), 1e3 * np.eye(8), walks)
    assert peaked.entropy == pytest.approx(0, abs=1e-6)


def test_a_head_that_is_not_finite_gets_nan() -> None:
    query, key = head(4, 12, 3)
    query[1, 0, 0], key[2, 1, 1] = np.nan, np.inf
    found = entropy_forecast(query, key, normalised_walks(12, tokens=8, walks=4))
    np.testing.assert_array_equal(np.isnan(found.entropy), [False, True, True])
    np.testing.assert_array_equal(np.isnan(found.standard_error), [False, True, True])


@pytest.mark.parametrize("shape", [(1, 8, 12), (4, 8, 11), (8, 12)])
def test_tokens_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    query, key = head(4, 12)
    with pytest.raises(ValueError, match="tokens"):
        entropy_forecast(query, key, np.zeros(shape))
