"""Attention entropy that a head's weights forecast, on the input model of the paper: normalised random walks.

Tokens are x_t = e_1 + ... + e_t with e_s ~ N(0, I_d), each rescaled to norm sqrt(d) as a norm layer would do,
and go through the head's true softmax. Source: arXiv:2402.02098 (random-walk inputs); theory notes 2 and 3.5.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from widthscope.attention.collapse import attention_entropy
from widthscope.attention.gram import FloatArray
from widthscope.streams import numpy_generator

TOKENS = 64
WALKS = 8


@dataclass(frozen=True)
class EntropyForecast:
    """Entropy over log of the number of visible keys, of the leading shape (...).

    Attributes:
        entropy: mean over walks and rows, between 0 (single keys) and 1 (uniform); NaN for a head that is not
            finite.
        standard_error: of that mean, from the spread over walks.
    """

    entropy: FloatArray
    standard_error: FloatArray


def normalised_walks(
    width: int, *, tokens: int = TOKENS, walks: int = WALKS, generator: np.random.Generator | None = None
) -> NDArray[np.float32]:
    """Tokens of `walks` random walks, each token of norm sqrt(width); (walks, tokens, width), float32.

    Without a generator they come from the stream of their own sizes, so that heads of one width meet the same
    walks in whatever order they are looked at.
    """
    drawn = generator or numpy_generator("spectra", "normalised_walks", width, tokens, walks)
    X = drawn.standard_normal((walks, tokens, width), dtype=np.float32)
    np.cumsum(X, axis=1, out=X)
    X *= np.sqrt(width) / np.linalg.norm(X, axis=-1, keepdims=True)
    return X


def entropy_forecast(
    query: ArrayLike, key: ArrayLike, walks: ArrayLike, *, scale: float | None = None, causal: bool = True
) -> EntropyForecast:
    """Entropy of each head's attention on given tokens; 4 walks tokens width head_dim operations a head.

    Args:
        query: W_Q (..., head_dim, width).
        key: W_K, of the same shape. Scores are computed in the type of the tokens, a head at a time.
        walks: tokens (walks, tokens, width), at least 2 walks of 2 tokens; see `normalised_walks`.
        scale: factor of the score; 1 / sqrt(head_dim) where None.
        causal: whether a token sees only itself and those before it; its first row is then left out.

    Raises:
        ValueError: if shapes do not fit, or there are fewer than 2 walks.
    """
    X, W_Q, W_K = (np.asarray(array) for array in (walks, query, key))
    if W_Q.shape != W_K.shape or X.ndim != 3 or X.shape[2] != W_Q.shape[-1] or len(X) < 2:
        raise ValueError(
            f"query {W_Q.shape} and key {W_K.shape} must both be (..., head_dim, width), and tokens "
            f"{X.shape} must be (at least 2 walks, tokens, width)"
        )
    factor = W_Q.shape[-2] ** -0.5 if scale is None else float(scale)
    length = X.shape[1]
    visible = np.tri(length, dtype=bool) if causal else np.ones((length, length), dtype=bool)
    leading = W_Q.shape[:-2]
    entropy = np.empty((*leading, len(X)))
    for head in np.ndindex(leading):
        entropy[head] = _entropy_by_walk(
            W_Q[head].astype(X.dtype), W_K[head].astype(X.dtype), X, factor, visible
        )
    error = entropy.std(axis=-1, ddof=1) / np.sqrt(len(X))
    return EntropyForecast(np.asarray(entropy.mean(-1)), np.asarray(error))


def _entropy_by_walk(
    query: NDArray[np.floating],
    key: NDArray[np.floating],
    walks: NDArray[np.floating],
    scale: float,
    visible: NDArray[np.bool_],
) -> FloatArray:
    queries, keys = walks @ query.T, walks @ key.T
    scores = scale * (queries @ np.swapaxes(keys, -1, -2))
    if not np.isfinite(scores).all():
        return np.full(len(walks), np.nan)
    return attention_entropy(special.softmax(np.where(visible, scores, -np.inf), axis=-1), visible)
