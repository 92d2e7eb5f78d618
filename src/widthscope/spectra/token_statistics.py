"""Heads seen through the tokens they meet: W Sigma in the place of W, with Sigma = E x x^T.

Every function of `query_key` then applies: the pair (W_Q Sigma^{1/2}, W_K Sigma^{1/2}) has xi = tr(W Sigma),
eta_1 = tr(W Sigma W Sigma), eta_2 = tr(W Sigma W^T Sigma), and the eigenvalues of W Sigma. Source: theory
notes 2 and 3.3.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from widthscope.attention.gram import FloatArray, root
from widthscope.spectra.query_key import HeadGrams


def weighted(weights: ArrayLike, covariance: ArrayLike) -> FloatArray:
    """W_Q Sigma^{1/2} or W_K Sigma^{1/2}: give both to the functions of `query_key`.

    Args:
        weights: (..., head_dim, width).
        covariance: Sigma (width, width), symmetric and positive semi-definite; of rank r.

    Returns:
        (..., head_dim, r) in an orthonormal basis of Sigma's range, which none of those functions can tell.
    """
    return np.asarray(np.asarray(weights, dtype=np.float64) @ root(covariance), dtype=np.float64)


def streamed_grams(
    query: ArrayLike, key: ArrayLike, tokens: Iterable[ArrayLike], scale: float | None = None
) -> HeadGrams:
    """The small products with Sigma = mean of x x^T over tokens that arrive in chunks; Sigma is never formed.

    Accumulates K^T Q / n, Q^T Q / n and K^T K / n of Q = X W_Q^T and K = X W_K^T.

    Args:
        query: W_Q (..., head_dim, width).
        key: W_K, of the same shape.
        tokens: chunks (n, width) of token vectors as rows, each of any length.
        scale: factor of the score; 1 / sqrt(head_dim) where None.

    Raises:
        ValueError: if there is no token.
    """
    W_Q, W_K = np.asarray(query, dtype=np.float64), np.asarray(key, dtype=np.float64)
    factor = W_Q.shape[-2] ** -0.5 if scale is None else float(scale)
    shape = (*W_Q.shape[:-1], W_Q.shape[-2])
    product, query_gram, key_gram = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    count = 0
    for chunk in tokens:
        X = np.asarray(chunk, dtype=np.float64)
        queries, keys = W_Q @ X.T, W_K @ X.T
        product += keys @ np.swapaxes(queries, -1, -2)
        query_gram += queries @ np.swapaxes(queries, -1, -2)
        key_gram += keys @ np.swapaxes(keys, -1, -2)
        count += len(X)
    if count == 0:
        raise ValueError("there are no tokens to take a covariance of")
    return HeadGrams(factor * product / count, query_gram / count, factor**2 * key_gram / count)
