"""Eigenvalues, traces and singular values of W = scale W_Q^T W_K through products of the head's dimension.

The non-zero eigenvalues of W (width, width) are those of the small product M = scale W_K W_Q^T (head_dim,
head_dim), by Sylvester's identity. Its singular values are *not* those of M. Source: theory notes 3.3.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from widthscope.attention.gram import FloatArray

ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True)
class Traces:
    """The three traces of W that need no eigendecomposition, each of the leading shape (...).

    Attributes:
        trace: xi = tr W, the sum of the eigenvalues.
        trace_of_square: eta_1 = tr W^2, the sum of the squared eigenvalues; negative where they are mostly
            imaginary, and not the sum of |lambda|^2.
        frobenius_square: eta_2 = ||W||_F^2 = tr W W^T, the sum of the squared singular values.
    """

    trace: FloatArray
    trace_of_square: FloatArray
    frobenius_square: FloatArray

    @property
    def frobenius(self) -> FloatArray:
        """||W||_F."""
        return np.sqrt(self.frobenius_square)


@dataclass(frozen=True)
class HeadGrams:
    """All that traces and eigenvalues of W need: three (..., head_dim, head_dim) products.

    Attributes:
        product: M = scale W_K W_Q^T.
        query: W_Q W_Q^T.
        key: scale^2 W_K W_K^T.
    """

    product: FloatArray
    query: FloatArray
    key: FloatArray

    def traces(self) -> Traces:
        """xi = tr M, eta_1 = sum M * M^T, eta_2 = scale^2 sum (W_Q W_Q^T) * (W_K W_K^T)."""
        M = self.product
        return Traces(
            trace=np.asarray(np.trace(M, axis1=-2, axis2=-1)),
            trace_of_square=np.einsum("...ij,...ji->...", M, M),
            frobenius_square=np.einsum("...ij,...ij->...", self.query, self.key),
        )

    def eigenvalues(self) -> ComplexArray:
        """Eigenvalues of M, (..., head_dim), by decreasing modulus; see `eigenvalues`."""
        return eigenvalues_of(self.product)


def head_grams(query: ArrayLike, key: ArrayLike, scale: float | None = None) -> HeadGrams:
    """The three small products of heads, O(width head_dim^2) each; arguments and errors: `small_product`."""
    Q, K, factor = _checked(query, key, scale)
    return HeadGrams(
        product=factor * (K @ np.swapaxes(Q, -1, -2)),
        query=Q @ np.swapaxes(Q, -1, -2),
        key=factor**2 * (K @ np.swapaxes(K, -1, -2)),
    )


def small_product(query: ArrayLike, key: ArrayLike, scale: float | None = None) -> FloatArray:
    """M = scale W_K W_Q^T (..., head_dim, head_dim), whose eigenvalues are the non-zero ones of W.

    Args:
        query: W_Q (..., head_dim, width).
        key: W_K, of the same shape; cast to float64 like W_Q before they are multiplied.
        scale: factor of the score; 1 / sqrt(head_dim) where None.

    Raises:
        ValueError: if the shapes differ, or have fewer than two dimensions.
    """
    Q, K, factor = _checked(query, key, scale)
    return np.asarray(factor * (K @ np.swapaxes(Q, -1, -2)), dtype=np.float64)


def eigenvalues(query: ArrayLike, key: ArrayLike, scale: float | None = None) -> ComplexArray:
    """The head_dim eigenvalues of W that can differ from zero, (..., head_dim) by decreasing modulus.

    The other width - head_dim eigenvalues of W are zero. Real eigenvalues have an imaginary part of exactly
    zero, complex ones come in conjugate pairs, the one above the real axis first. A head with a weight that
    is not finite gets NaN. Arguments and errors as `small_product`.
    """
    return eigenvalues_of(small_product(query, key, scale))


def traces(query: ArrayLike, key: ArrayLike, scale: float | None = None) -> Traces:
    """tr W, tr W^2 and ||W||_F^2 without an eigendecomposition; arguments and errors as `small_product`.

    tr W is summed elementwise, sum W_Q * W_K, which is more accurate than through M where it cancels.
    """
    Q, K, factor = _checked(query, key, scale)
    found = head_grams(Q, K, factor).traces()
    trace = factor * np.einsum("...hd,...hd->...", Q, K)
    return Traces(trace, found.trace_of_square, found.frobenius_square)


def singular_values(query: ArrayLike, key: ArrayLike, scale: float | None = None) -> FloatArray:
    """Singular values of W that can differ from zero, descending, (..., min(head_dim, width)).

    sv(W) = scale sv(R_Q R_K^T) with thin QR W_Q^T = U_Q R_Q and W_K^T = U_K R_K. A head with a weight that is
    not finite gets NaN. Arguments and errors as `small_product`.
    """
    Q, K, factor = _checked(query, key, scale)
    finite = np.asarray((np.isfinite(Q) & np.isfinite(K)).all((-1, -2), keepdims=True))
    root_q = np.linalg.qr(np.swapaxes(np.where(finite, Q, 0), -1, -2), mode="r")
    root_k = np.linalg.qr(np.swapaxes(np.where(finite, K, 0), -1, -2), mode="r")
    found = abs(factor) * np.linalg.svd(root_q @ np.swapaxes(root_k, -1, -2), compute_uv=False)
    return np.asarray(np.where(finite[..., 0], found, np.nan), dtype=np.float64)


def eigenvalues_of(product: FloatArray) -> ComplexArray:
    """Eigenvalues of real matrices (..., n, n), sorted and with NaN as `eigenvalues` says."""
    finite = np.asarray(np.isfinite(product).all((-1, -2), keepdims=True))
    found = np.linalg.eigvals(np.where(finite, product, 0)).astype(np.complex128)
    order = np.lexsort((-found.imag, -found.real, -np.abs(found)), axis=-1)
    ordered = np.take_along_axis(found, order, axis=-1)
    return np.where(finite[..., 0], ordered, complex(np.nan, np.nan))


def _checked(query: ArrayLike, key: ArrayLike, scale: float | None) -> tuple[FloatArray, FloatArray, float]:
    Q, K = np.asarray(query, dtype=np.float64), np.asarray(key, dtype=np.float64)
    if Q.shape != K.shape or Q.ndim < 2 or 0 in Q.shape[-2:]:
        raise ValueError(f"query and key must both be (..., head_dim, width), not {Q.shape} and {K.shape}")
    return Q, K, Q.shape[-2] ** -0.5 if scale is None else float(scale)
