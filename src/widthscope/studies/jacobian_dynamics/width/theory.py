r"""Eigenvalues and singular values of Jacobians at initialisation as the width grows, in closed form.

S unit tokens in uniform directions, weights with independent N(0, 1/D) entries times
factors of product sigma, H heads. As D -> infinity all scores vanish, attention becomes uniform and

    J_MSA -> (1/S) 1 1^T (x) B^T,   B = sum_h W_V,h^T W_O,h,

with an error of order D^(-1/2). B is a product of two square Gaussian matrices whatever H is. With tokens of
length sqrt(D) attention does not become uniform, and the norm grows; only the spectral radius has a limit.

Source: theory notes 3.5 (L1, L2, L5); not in arXiv:2505.19458.
"""

import numpy as np
from numpy.typing import ArrayLike

from widthscope.attention.gram import FloatArray
from widthscope.spectra import competitors, product_law, radial_law

ASPECT = 1.0
"""Of B, a product of square matrices."""


def radial_cdf(modulus: ArrayLike, sigma: float) -> FloatArray:
    """F(r) = r / sigma on [0, sigma], the share of B's eigenvalues within radius r (L1)."""
    return radial_law.cdf(np.asarray(modulus) / sigma, ASPECT)


def area_cdf(modulus: ArrayLike, sigma: float) -> FloatArray:
    """The wrong law r^2 / sigma^2 on [0, sigma]: uniform over the disc, as of one square matrix."""
    return competitors.circular_cdf(np.asarray(modulus) / sigma, ASPECT)


def largest_singular(sigma: float) -> float:
    """sigma sqrt(27/4), the limit of the largest singular value of B and of J_MSA from unit tokens (L1)."""
    return float(sigma * np.sqrt(product_law.edges(ASPECT)[1]))


def share_beyond_edge(width: ArrayLike) -> FloatArray:
    r"""Share 1 / sqrt(4 pi D) of B's D eigenvalues beyond sigma, to leading order.

    The squared moduli of a product of two complex Ginibre matrices are, as a set, products of two independent
    Gamma(k) variables over D^2, k = 1..D (Akemann and Burda 2012). With x = D - k their logarithms are near
    N(-2 x / D, 2 / D), so that int_0^inf P(Z > x sqrt(2 / D)) dx = sqrt(D / (4 pi)) of them are positive. The
    edge is smeared over D^(-1/2): the distance from the law falls no faster.
    """
    return np.asarray(1 / np.sqrt(4 * np.pi * np.asarray(width, dtype=np.float64)))


def shrinkage(step: float, sigma: float, tokens: int) -> float:
    r"""a = 1 / sqrt(1 + eta^2 sigma^2 / S), inverse length of a unit token after a step without drive (L2).

    Uniform attention averages S independent tokens, so that the message has the squared length sigma^2 / S.
    """
    return float(1 / np.sqrt(1 + (step * sigma) ** 2 / tokens))


def update_radius(step: float, sigma: float, tokens: int) -> float:
    """Spectral radius a (1 + eta sigma) of the Jacobian of one normalised step, at any large width (L2)."""
    return shrinkage(step, sigma, tokens) * (1 + step * sigma)


def radius_without_averaging(step: float, sigma: float) -> float:
    """The wrong law that forgets that messages are averages over tokens: `update_radius` with S = 1."""
    return update_radius(step, sigma, 1)


def realised_radius(step: float, eigenvalues: ArrayLike, length: ArrayLike) -> FloatArray:
    """max |1 + eta lambda(B)| over a length: `update_radius` for one draw, before its limits are taken.

    Args:
        step: eta.
        eigenvalues: (..., D) of B.
        length: (...) root mean square length of the tokens before they are normalised, 1/a in the limit.
    """
    moved = np.abs(1 + step * np.asarray(eigenvalues))
    return np.asarray(moved.max(axis=-1) / np.asarray(length))


def update_eigenvalues(
    step: float, sigma: float, tokens: int, eigenvalues: ArrayLike
) -> np.ndarray[tuple[int], np.dtype[np.complex128]]:
    """All S D eigenvalues of one step by L2: S zeros, (S - 1) D - S at a, and a (1 + eta lambda(B)).

    Args:
        eigenvalues: (D,) of B.
    """
    found = np.asarray(eigenvalues, dtype=np.complex128)
    a = shrinkage(step, sigma, tokens)
    flat = np.full((tokens - 1) * len(found) - tokens, a, dtype=np.complex128)
    return np.concatenate([np.zeros(tokens, dtype=np.complex128), flat, a * (1 + step * found)])


def sharpness(attention: ArrayLike) -> FloatArray:
    """max_{h,i} lambda_max(diag P_i - P_i P_i^T) of attention (..., head, token, token): (...).

    The derivative of softmax at its most sensitive row; 1/S where attention is uniform, at most 1/2.
    """
    P = np.asarray(attention, dtype=np.float64)
    derivative = P[..., None] * np.eye(P.shape[-1]) - P[..., :, None] * P[..., None, :]
    return np.asarray(np.linalg.eigvalsh(derivative)[..., -1].max(axis=(-2, -1)))


def softmax_norm(attention: ArrayLike, head_dim: int, sigma: float = 1.0) -> FloatArray:
    r"""sigma sqrt(2 D_H) `sharpness`, what the norm of J_MSA from tokens of length sqrt(D) tends to (L5).

    Of the derivative of token i's message, the terms through the softmax are, with L = diag P_i - P_i P_i^T
    and X^T X ~ D on the tokens' span,

        through its query: B_h^T X^T L X A_h^T,       through all keys: B_h^T X^T L (x) (x_i^T A_h)^T,

    each of norm beta D_H lambda_max(L) = sqrt(D_H) lambda_max(L). They share their left vectors and have
    orthogonal right ones: sqrt(2) of that. They are orthogonal to where they lead, and leave the spectral
    radius alone.
    """
    return np.asarray(sigma * np.sqrt(2 * head_dim) * sharpness(attention))
