r"""Law of |lambda| for W = W_Q^T W_K / sqrt(d_h) of independent Gaussian matrices (the single-ring law).

For entries of standard deviation sigma_q, sigma_k and u = |lambda| sqrt(d_h) / (d_h sigma_q sigma_k), as
d, d_h -> infinity at aspect alpha = d / d_h >= 1, the d_h eigenvalues fill a disc of radius sqrt(alpha),
rotation invariantly, with

    F(u) = [ -(alpha - 1) + sqrt((alpha - 1)^2 + 4 u^2) ] / 2,
    density per area 1 / (pi sqrt((alpha - 1)^2 + 4 u^2)).

alpha = 1 is the product of two square Ginibre matrices, F = u; alpha -> infinity the circular law. Source:
theory notes 3.4, from the single-ring rule of Haagerup and Larsen (2000).
"""

from math import comb

import numpy as np
from numpy.typing import ArrayLike

from widthscope.attention.gram import FloatArray


def radius(eigenvalues: ArrayLike, frobenius: ArrayLike, width: int) -> FloatArray:
    """u = |lambda| / (sqrt(d_h) s) of heads' eigenvalues, s = sigma_q sigma_k matched by Frobenius norm.

    Args:
        eigenvalues: (..., d_h) eigenvalues of W.
        frobenius: (...) ||W||_F, near d s under Gaussian weights; where s is known, d s itself.
        width: d.

    Returns:
        (..., d_h); NaN where the norm is zero.
    """
    modulus = np.abs(np.asarray(eigenvalues))
    norm = np.asarray(frobenius, dtype=np.float64)[..., None]
    unit = np.where(norm > 0, norm, np.nan) / width * np.sqrt(modulus.shape[-1])
    return np.asarray(modulus / unit, dtype=np.float64)


def edge(aspect: float) -> float:
    """Largest u, sqrt(alpha); in units of weights max |lambda| -> sigma_q sigma_k sqrt(d)."""
    return float(np.sqrt(_checked(aspect)))


def cdf(u: ArrayLike, aspect: float) -> FloatArray:
    """F(u), the fraction of the d_h eigenvalues within radius u; 0 below zero, 1 beyond the edge.

    Raises:
        ValueError: if aspect < 1.
    """
    gap = _checked(aspect) - 1
    r = np.asarray(u, dtype=np.float64)
    inside = np.clip(r, 0, np.sqrt(aspect))
    # The formula times its conjugate: no difference of near numbers at small u and large alpha.
    conjugate = gap + np.hypot(gap, 2 * inside)
    fraction = 2 * inside**2 / np.where(conjugate > 0, conjugate, 1.0)
    return np.where(r >= np.sqrt(aspect), 1.0, np.minimum(fraction, 1.0))


def density(u: ArrayLike, aspect: float) -> FloatArray:
    """Density of the eigenvalues per area of the complex plane at radius u >= 0; zero beyond the edge.

    Infinite at u = 0 for alpha = 1. Multiply with 2 pi u for the density of the radius.
    """
    gap = _checked(aspect) - 1
    r = np.asarray(u, dtype=np.float64)
    with np.errstate(divide="ignore"):
        inside = 1 / (np.pi * np.hypot(gap, 2 * r))
    return np.where((r >= 0) & (r <= np.sqrt(aspect)), inside, 0.0)


def quantile(probability: ArrayLike, aspect: float) -> FloatArray:
    """Radius u with F(u) = p: sqrt(p (p + alpha - 1)); NaN outside [0, 1]."""
    p = np.asarray(probability, dtype=np.float64)
    p = np.where((p >= 0) & (p <= 1), p, np.nan)
    return np.sqrt(p * (p + _checked(aspect) - 1))


def moment(order: int, aspect: float) -> float:
    """E u^(2 order) = int_0^1 (p (p + alpha - 1))^order dp; 1/3 + (alpha - 1)/2 for order one."""
    gap = _checked(aspect) - 1
    terms = (comb(order, j) * gap ** (order - j) / (order + j + 1) for j in range(order + 1))
    return float(sum(terms))


def _checked(aspect: float) -> float:
    if not (aspect >= 1 and np.isfinite(aspect)):
        raise ValueError(f"aspect width / head_dim is {aspect}, allowed are finite numbers from 1")
    return float(aspect)
