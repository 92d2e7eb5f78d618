import numpy as np
import pytest

from widthscope.spectra.query_key import eigenvalues, singular_values, traces
from widthscope.spectra.token_statistics import streamed_grams, weighted


def head(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    query, key = rng.standard_normal((2, 5, 12))
    tokens = rng.standard_normal((30, 12)) @ rng.standard_normal((12, 12))
    return query, key, tokens


def psd_root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T


@pytest.mark.parametrize("rank", [12, 7, 1])
def test_traces_and_spectra_with_a_covariance_against_dense_products(rank: int) -> None:
    query, key, tokens = head()
    S = tokens[:rank].T @ tokens[:rank] / rank
    W = query.T @ key / np.sqrt(5)
    pair = weighted(query, S), weighted(key, S)
    found = traces(*pair)
    assert found.trace == pytest.approx(np.trace(W @ S), rel=1e-10)
    assert found.trace_of_square == pytest.approx(np.trace(W @ S @ W @ S), rel=1e-10)
    assert found.frobenius_square == pytest.approx(np.trace(W @ S @ W.T @ S), rel=1e-10)
    size = np.linalg.norm(W @ S)
    kept = min(5, rank)
    lam = np.linalg.eigvals(W @ S)
    lam = lam[np.argsort(-np.abs(lam))][:kept]
    np.testing.assert_allclose(
        np.sort_complex(eigenvalues(*pair)[:kept]), np.sort_complex(lam), atol=1e-10 * size
    )
    root = psd_root(S)
    expected = np.linalg.svd(root @ W @ root, compute_uv=False)[:kept]
    np.testing.assert_allclose(singular_values(*pair), expected, atol=1e-10 * size)


@pytest.mark.parametrize("scale", [None, 1.0])
@pytest.mark.parametrize("chunks", [1, 4])
def test_streamed_tokens_give_what_their_covariance_gives(chunks: int, scale: float | None) -> None:
    query, key, tokens = head()
    S = tokens.T @ tokens / len(tokens)
    streamed = streamed_grams(query, key, np.array_split(tokens, chunks), scale)
    found, expected = streamed.traces(), traces(weighted(query, S), weighted(key, S), scale)
    for name in ("trace", "trace_of_square", "frobenius_square"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-10)
    np.testing.assert_allclose(
        np.sort_complex(streamed.eigenvalues()),
        np.sort_complex(eigenvalues(weighted(query, S), weighted(key, S), scale)),
        rtol=1e-8,
    )


def test_the_identity_changes_nothing() -> None:
    query, key, _ = head()
    found, plain = traces(weighted(query, np.eye(12)), weighted(key, np.eye(12))), traces(query, key)
    assert found.trace == pytest.approx(plain.trace)
    assert found.frobenius_square == pytest.approx(plain.frobenius_square)


def test_leading_dimensions_are_streamed_together() -> None:
    rng = np.random.default_rng(1)
    query, key = rng.standard_normal((2, 3, 2, 4, 6))
    tokens = rng.standard_normal((9, 6))
    together = streamed_grams(query, key, [tokens]).traces()
    alone = streamed_grams(query[2, 1], key[2, 1], [tokens]).traces()
    assert together.trace.shape == (3, 2)
    assert together.trace[2, 1] == pytest.approx(alone.trace)


def test_no_tokens_are_refused() -> None:
    query, key, _ = head()
    with pytest.raises(ValueError, match="no tokens"):
        streamed_grams(query, key, [])
