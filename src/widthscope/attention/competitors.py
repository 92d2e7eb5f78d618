"""The laws that the limit law is told apart from: infinitely many heads, uniform attention, and others.

Each is right in a corner: the infinite-head kernel as H -> infinity after n -> infinity, uniform attention
under a score scale of 1/d_k, independent coordinates nowhere. Source: theory notes 3.5. NumPy float64.
"""

import numpy as np
from numpy.typing import ArrayLike

from widthscope.attention.gram import FloatArray
from widthscope.attention.variance_law import attention_rows


def infinite_head_kernel(
    gram: ArrayLike, *, mask: ArrayLike | None = None, log2_points: int = 14, seed: int = 0
) -> FloatArray:
    """Covariance across tokens of the infinite-head limit, E Sigma = E[A K A^T], A = softmax(P), P ~ N(0, K
    (x) K).

    By scrambled Sobol points over all scores; each seed is unbiased and independent of the others, so the
    spread over seeds is a standard error (about 1e-4 relative at 2^14 points and 4 tokens).

    Args:
        gram: K (s, s).
        mask: boolean (s, s), True where the key (column) is seen; None for all.
        log2_points: base-two logarithm of the number of points.
        seed: of the scramble.

    Returns:
        (s, s). For K = I the diagonal is m2 (`softmax_moments`) and the rest 1/s.

    Source: theory notes 3.5; the Gaussian-process limit of Hron et al., arXiv:2006.10540.
    """
    K = np.asarray(gram, dtype=np.float64)
    attention, rule = attention_rows(K, np.arange(len(K)), mask=mask, log2_points=log2_points, seed=seed)
    kernel = np.einsum("q,qia,ab,qjb->ij", rule.weights, attention, K, attention, optimize=True)
    return np.asarray(0.5 * (kernel + kernel.T), dtype=np.float64)


def uniform_kernel(gram: ArrayLike) -> FloatArray:
    """Covariance of uniform attention, (1^T K 1 / s^2) 1 1^T (s, s): every token gives the same output."""
    K = np.asarray(gram, dtype=np.float64)
    return np.full_like(K, K.mean())


def gaussian_characteristic_function(covariance: ArrayLike, frequencies: ArrayLike) -> FloatArray:
    """Joint characteristic function of m independent coordinates, each N(0, covariance) across tokens.

    Args:
        covariance: (s, s), from `infinite_head_kernel` or `uniform_kernel`.
        frequencies: (R, m, s).

    Returns:
        (R,): exp(-1/2 sum_a w_a^T C w_a).
    """
    C = np.asarray(covariance, dtype=np.float64)
    w = np.asarray(frequencies, dtype=np.float64)
    return np.asarray(np.exp(-0.5 * np.einsum("rai,ij,raj->r", w, C, w, optimize=True)), dtype=np.float64)


def independent_coordinates(marginals: ArrayLike) -> FloatArray:
    """Joint characteristic function if coordinates with the right marginals were independent.

    Args:
        marginals: (m, R), characteristic function of each coordinate at its own part of each frequency.

    Returns:
        (R,).
    """
    return np.asarray(np.prod(np.asarray(marginals, dtype=np.float64), axis=0), dtype=np.float64)
