"""Exact law of the scores of one head at finite head dimension, tokens fixed (NumPy and SciPy, float64).

G = Q K^T / sqrt(d_k) with iid Gaussian columns of covariance K (s, s). Source: arXiv:2506.00846 for the
limit N(0, K (x) K); theory notes 3.3 for the exact finite-width facts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from widthscope.attention.gram import FloatArray
from widthscope.attention.quadrature import chi_square

# n KS -> max |He_3 phi| / 4 (taken at x^2 = 3 - sqrt 6),  n W1 -> (1/4) int |He_3| phi,  n^2 KL -> 3/4
EDGEWORTH_W1 = float((1 + 4 * np.exp(-1.5)) / (2 * np.sqrt(2 * np.pi)))
EDGEWORTH_KL = 0.75


def _edgeworth_ks() -> float:
    x = np.sqrt(3 - np.sqrt(6))
    return float((3 * x - x**3) * np.exp(-(x**2) / 2) / (4 * np.sqrt(2 * np.pi)))


EDGEWORTH_KS = _edgeworth_ks()


@dataclass(frozen=True)
class NormalDistances:
    """Distances of a standardised score entry from N(0, 1).

    Attributes:
        ks: Kolmogorov-Smirnov, max |F_n - Phi|.
        wasserstein: W1 = int |F_n - Phi|.
        kl: KL(entry || normal), nats.
    """

    ks: float
    wasserstein: float
    kl: float


def score_covariance(gram: ArrayLike) -> FloatArray:
    """Cov(G_ij, G_kl) = K_ik K_jl within a head, for every d_k; zero between heads.

    Returns:
        (s^2, s^2), index i s + j for G_ij: the Kronecker product K (x) K.
    """
    K = np.asarray(gram, dtype=np.float64)
    return np.asarray(np.kron(K, K), dtype=np.float64)


def functional_variance(functional: ArrayLike, gram: ArrayLike) -> float:
    """Var tr(T^T G) = tr(T K T^T K) for T (s, s), at every d_k."""
    return float(np.trace(_quadratic(functional, gram)))


def functional_excess_kurtosis(functional: ArrayLike, gram: ArrayLike, head_dim: int) -> float:
    """Excess kurtosis of tr(T^T G): (6 / d_k) tr(M^2) / (tr M)^2 with M = T K T^T K; 6 / d_k for one entry.

    Raises:
        ValueError: if d_k < 1, or the functional is constant.
    """
    if head_dim < 1:
        raise ValueError(f"head_dim must be at least 1, not {head_dim}")
    M = _quadratic(functional, gram)
    variance = float(np.trace(M))
    if variance <= 0:
        raise ValueError("the functional has no variance under this Gram")
    return 6 / head_dim * float(np.trace(M @ M)) / variance**2


def characteristic_function(functional: ArrayLike, gram: ArrayLike, head_dim: int | None) -> float:
    """E exp(i tr T^T G) = det(I + M / d_k)^{-d_k / 2}, M = T K T^T K; exp(-tr M / 2) in the limit (None)."""
    M = _quadratic(functional, gram)
    if head_dim is None:
        return float(np.exp(-np.trace(M) / 2))
    _, log_determinant = np.linalg.slogdet(np.eye(len(M)) + M / head_dim)
    return float(np.exp(-head_dim / 2 * log_determinant))


def entry_pdf(x: ArrayLike, head_dim: int) -> FloatArray:
    """Density of one standardised entry, the variance-gamma law of sqrt(chi^2_n / n) N(0, 1), n = d_k.

        sqrt(n) / (sqrt(pi) Gamma(n/2)) (sqrt(n) |x| / 2)^nu K_nu(sqrt(n) |x|),   nu = (n - 1) / 2,

    evaluated as the mixture E phi(x / rho) / rho over rho^2 = chi^2_n / n, which neither overflows at large
    n nor is indefinite at zero. For n = 1 the density is infinite at zero.

    Returns:
        Array of the shape of x.
    """
    points, rho, weights = _mixture(x, head_dim)
    return np.asarray(np.exp(-0.5 * (points / rho) ** 2) @ (weights / rho) / np.sqrt(2 * np.pi))


def entry_cdf(x: ArrayLike, head_dim: int) -> FloatArray:
    """Distribution function of one standardised entry: E Phi(x / rho), rho^2 = chi^2_{d_k} / d_k."""
    points, rho, weights = _mixture(x, head_dim)
    return np.asarray(special.ndtr(points / rho) @ weights)


def distances_to_normal(head_dim: int) -> NormalDistances:
    """Distances of one standardised score entry from its limit N(0, 1), by quadrature.

    They fall as `EDGEWORTH_KS` / n, `EDGEWORTH_W1` / n and `EDGEWORTH_KL` / n^2 (n = d_k >= 2).

    Raises:
        ValueError: if d_k < 2.
    """
    if head_dim < 2:
        raise ValueError(f"head_dim must be at least 2, not {head_dim}")
    x = np.linspace(0, 14, 5601)  # the law is symmetric
    step = x[1] - x[0]
    difference = np.abs(entry_cdf(x, head_dim) - special.ndtr(x))
    normal = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    density = entry_pdf(x, head_dim)
    divergence = special.kl_div(density, normal)
    return NormalDistances(
        ks=float(difference.max()),
        wasserstein=float(2 * np.trapezoid(difference, dx=step)),
        kl=float(2 * np.trapezoid(divergence, dx=step)),
    )


def _quadratic(functional: ArrayLike, gram: ArrayLike) -> FloatArray:
    """M = T K T^T K."""
    T = np.asarray(functional, dtype=np.float64)
    K = np.asarray(gram, dtype=np.float64)
    if T.shape != K.shape or T.ndim != 2 or T.shape[0] != T.shape[1]:
        raise ValueError(f"functional and Gram must be square and of one shape, not {T.shape} and {K.shape}")
    return np.asarray(T @ K @ T.T @ K, dtype=np.float64)


def _mixture(x: ArrayLike, head_dim: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points (..., 1), and scales and weights of the Gaussian scale mixture."""
    rule = chi_square(head_dim)
    return np.asarray(x, dtype=np.float64)[..., None], np.sqrt(rule.nodes), rule.weights
