"""Gram matrices of tokens, their roots, and the limit Gram of each token law.

All arrays are NumPy float64. A Gram is K = X X^T / d (s, s); a root is any L (s, r) with L L^T = K.
"""

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
TokenLaw: TypeAlias = Literal["fixed", "clip", "relu"]
TOKEN_LAWS: tuple[TokenLaw, ...] = get_args(TokenLaw)

RELU_ALPHA = 0.5 - 0.5 / np.pi
RELU_BETA = 0.5 / np.pi


def gram(tokens: ArrayLike) -> FloatArray:
    """Gram matrix K = X X^T / d of tokens X (s, d); returns (s, s)."""
    X = np.asarray(tokens, dtype=np.float64)
    if X.ndim != 2 or X.size == 0:
        raise ValueError(f"tokens must have shape (s, d) with s, d >= 1, not {X.shape}")
    return np.asarray(X @ X.T / X.shape[1], dtype=np.float64)


def exchangeable_gram(tokens: int, alpha: float = 1.0, beta: float = 0.0) -> FloatArray:
    """The Gram alpha I + beta 1 1^T of `tokens` exchangeable tokens, (s, s)."""
    return alpha * np.eye(tokens) + beta * np.ones((tokens, tokens))


def root(
    gram: ArrayLike, method: Literal["eigh", "cholesky"] = "eigh", tolerance: float = 1e-12
) -> FloatArray:
    """A matrix L with L L^T = K.

    ``eigh`` reveals the rank: eigenvalues below `tolerance` times the largest are dropped, so L is (s, r)
    with r the rank, also for more tokens than dimensions. ``cholesky`` gives the lower-triangular (s, s)
    root of a positive definite K; it is continuous in K, so finite-width roots converge to the limit root,
    which a coupling needs.

    Args:
        gram: symmetric positive semi-definite (s, s).
        method: which root.
        tolerance: relative size of an eigenvalue that counts as zero.

    Raises:
        ValueError: if K is not square, symmetric and positive semi-definite, or, for ``cholesky``, is
            singular.

    Source: theory notes 2, and 6, trap 3.
    """
    K = np.asarray(gram, dtype=np.float64)
    if K.ndim != 2 or K.shape[0] != K.shape[1] or K.size == 0:
        raise ValueError(f"a Gram must be square, not of shape {K.shape}")
    if not np.allclose(K, K.T, rtol=1e-10, atol=1e-12 * float(np.abs(K).max())):
        raise ValueError("a Gram must be symmetric")
    if method == "cholesky":
        try:
            return np.asarray(np.linalg.cholesky(K), dtype=np.float64)
        except np.linalg.LinAlgError:
            raise ValueError("the Gram is not positive definite: use the root 'eigh'") from None
    eigenvalues, vectors = np.linalg.eigh(K)
    largest = max(float(eigenvalues[-1]), 0.0)
    if eigenvalues[0] < -1e-8 * max(largest, np.finfo(np.float64).tiny):
        raise ValueError(
            f"a Gram must be positive semi-definite, its smallest eigenvalue is {eigenvalues[0]:.3g}"
        )
    kept = eigenvalues > tolerance * largest
    if not kept.any():
        return np.zeros((len(K), 1))
    return np.asarray(vectors[:, kept] * np.sqrt(eigenvalues[kept]), dtype=np.float64)


def limit_gram(law: TokenLaw, tokens: int, fixed: ArrayLike | None = None) -> FloatArray:
    """Gram that the tokens of a law converge to as the width grows, (s, s).

    ``fixed`` tokens have the Gram given; ``clip`` tokens (linear below a bound never reached) have I;
    ``relu`` tokens have alpha I + beta 1 1^T with alpha = 1/2 - 1/(2 pi), beta = 1/(2 pi).

    Raises:
        ValueError: if the law is unknown, or ``fixed`` comes without an (s, s) Gram, or another law with
            one.

    Source: arXiv:2506.00846, token ensembles of the experiments; theory notes 2.
    """
    if law not in TOKEN_LAWS:
        raise ValueError(f"unknown token law {law!r}: one of {', '.join(TOKEN_LAWS)}")
    if (law == "fixed") != (fixed is not None):
        raise ValueError("a Gram is given for fixed tokens, and for no other law")
    if law == "clip":
        return np.eye(tokens)
    if law == "relu":
        return exchangeable_gram(tokens, RELU_ALPHA, RELU_BETA)
    K: NDArray[Any] = np.asarray(fixed, dtype=np.float64)
    if K.shape != (tokens, tokens):
        raise ValueError(
            f"the Gram of {tokens} fixed tokens must have shape {(tokens, tokens)}, not {K.shape}"
        )
    return K
