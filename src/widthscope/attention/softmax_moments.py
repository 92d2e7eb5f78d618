"""Exact moments of one token's conditional output variance, without sampling.

For exchangeable tokens, K = alpha I + beta 1 1^T, softmax ignores a shift of a row and rows of A sum to
one, so the scores of a row are iid N(0, v), v = K_ii alpha, and the one-head conditional variance of an
output coordinate is

    sigma^2 = (A K A^T)_ii = alpha sum_j A_j^2 + beta,      A = softmax(p_1 .. p_s).

With finite head dimension d_k the law is exact too: v is multiplied by chi^2_{d_k} / d_k; and the values
multiply a head's variance by chi^2_{d_v} / d_v. Under a causal mask the token at position i (from 1) has
the law of s = i tokens. Source: arXiv:2506.00846 for the limit law; theory notes 3.4 for everything here.
"""

from dataclasses import dataclass

import numpy as np

from widthscope.attention.gram import FloatArray
from widthscope.attention.quadrature import chi_square

_REACH = 11.0  # standard deviations of a score that are integrated over


@dataclass(frozen=True)
class SoftmaxMoments:
    """Moments of q = sum_j A_j^2 for a softmax of s iid normals: m2 = E q, m4 = E q^2 (dimensionless)."""

    m2: float
    m4: float


@dataclass(frozen=True)
class VarianceMoments:
    """First two moments of the one-head conditional variance: mean = E sigma^2, square = E sigma^4."""

    mean: float
    square: float

    @property
    def variance(self) -> float:
        """Var(sigma^2)."""
        return self.square - self.mean**2


def softmax_moments(tokens: int, score_variance: float) -> SoftmaxMoments:
    r"""Moments of sum_j A_j^2 by a Laplace transform, at a cost that does not depend on the number of tokens.

    With S = sum_j e^{p_j}, p_j ~ N(0, v) iid, L_k(t) = E[e^{kp} exp(-t e^p)], and 1/S^2 = \int t e^{-tS}
    dt, 1/S^4 = \int (t^3 / 6) e^{-tS} dt:

        m2 = \int t s L_2 L_0^{s-1} dt
        m4 = \int (t^3 / 6) [ s L_4 L_0^{s-1} + s (s-1) L_2^2 L_0^{s-2} ] dt.

    Both integrals are trapezoids, in u = log t and in p; the integrands are analytic within |Im| < pi/2, so
    steps of 0.15 reach rounding error. The window of u moves with log s, without which long sequences fail.

    Args:
        tokens: s >= 1.
        score_variance: v >= 0.

    Raises:
        ValueError: if tokens or variance is out of range.

    Source: theory notes 3.4 (derived there); agrees with tensor Gauss-Hermite to 1e-13 at s = 4, v = 1.
    """
    if tokens < 1 or not 0 <= score_variance < np.inf:
        raise ValueError(
            f"need tokens >= 1 and a finite score variance >= 0, not {tokens} and {score_variance}"
        )
    deviation = float(np.sqrt(score_variance))
    if tokens == 1 or deviation < 1e-8:
        return SoftmaxMoments(1.0 / tokens, 1.0 / tokens**2)
    p, weights = _normal_trapezoid(deviation)
    step = 0.15
    u = np.arange(-(_REACH * deviation + 20 + np.log(tokens)), _REACH * deviation + 6, step)
    exponent = u[:, None] + p  # log(t e^p)
    growth = np.exp(exponent)
    L2, L4 = (np.exp(k * exponent - growth) @ weights for k in (2, 4))  # t^k L_k: no overflow at small t
    log_L0 = _log_mean(growth, weights)
    m2 = step * np.sum(tokens * L2 * _power(log_L0, tokens - 1))
    pairs = tokens * (tokens - 1) * L2**2 * _power(log_L0, tokens - 2)
    m4 = step * np.sum(tokens * L4 * _power(log_L0, tokens - 1) + pairs) / 6
    return SoftmaxMoments(float(m2), float(m4))


def limit_moments(alpha: float, beta: float, tokens: int) -> VarianceMoments:
    """Moments of sigma^2 in the limit law for K = alpha I + beta 1 1^T (theory notes 3.4)."""
    return finite_moments(alpha, beta, tokens, None)


def finite_moments(alpha: float, beta: float, tokens: int, head_dim: int | None) -> VarianceMoments:
    """Moments of sigma^2 = (A K A^T)_ii at finite head dimension, given scores: E_n sigma^2 and E_n sigma^4.

    Args:
        alpha, beta: the Gram alpha I + beta 1 1^T, both >= 0.
        tokens: s >= 1.
        head_dim: d_k >= 1, or None for the limit.

    Raises:
        ValueError: if an argument is out of range.

    Source: theory notes 3.4; exact for fixed tokens, by averaging `softmax_moments` over v chi^2_{d_k} /
    d_k.
    """
    if alpha < 0 or beta < 0:
        raise ValueError(f"alpha and beta must be at least 0, not {alpha} and {beta}")
    rule = chi_square(head_dim)
    mean = square = 0.0
    for scale, weight in zip(rule.nodes, rule.weights, strict=True):
        q = softmax_moments(tokens, alpha * (alpha + beta) * float(scale))
        mean += weight * (alpha * q.m2 + beta)
        square += weight * (alpha**2 * q.m4 + 2 * alpha * beta * q.m2 + beta**2)
    return VarianceMoments(float(mean), float(square))


def variance_of_variance(moments: VarianceMoments, heads: int, value_dim: int | None = None) -> float:
    """Variance of the layer's conditional variance given scores and values.

    It is [ (1 + 2/d_v) E sigma^4 - (E sigma^2)^2 ] / H: heads are independent and each carries its own
    chi^2_{d_v} / d_v; `value_dim` None is infinite d_v.

    Raises:
        ValueError: if heads or value_dim is below 1.
    """
    if heads < 1 or (value_dim is not None and value_dim < 1):
        raise ValueError(f"heads and value_dim must be at least 1, not {heads} and {value_dim}")
    values = 0.0 if value_dim is None else 2.0 / value_dim
    return ((1 + values) * moments.square - moments.mean**2) / heads


def excess_kurtosis(moments: VarianceMoments, heads: int, value_dim: int | None = None) -> float:
    """Excess kurtosis of one output coordinate: 3 Var(S) / E(S)^2 with S its conditional variance.

    In the limit this is (3 / H) Var(sigma^2) / E(sigma^2)^2, exactly proportional to 1/H; at finite width
    (3 / H) [ (1 + 2/d_v) E_n sigma^4 / (E_n sigma^2)^2 - 1 ] with the moments of `finite_moments`.

    Source: theory notes 3.4.
    """
    return 3 * variance_of_variance(moments, heads, value_dim) / moments.mean**2


def finite_excess_kurtosis(
    tokens: int, heads: int, head_dim: int, value_dim: int, *, alpha: float = 1.0, beta: float = 0.0
) -> float:
    """Exact excess kurtosis of one output coordinate at finite width, Gram alpha I + beta 1 1^T."""
    return excess_kurtosis(finite_moments(alpha, beta, tokens, head_dim), heads, value_dim)


def variance_of_squared_norm(
    moments: VarianceMoments, heads: int, value_dim: int | None = None, coordinates: int | None = None
) -> float:
    """Var(|y_i|^2 / n) over draws, y_i (n) being all coordinates of token i.

    Coordinates share the conditional variance, so the mean of squares does not average out: with Q = (E
    sigma^2)^2 + [ (1 + 2/d_v) E_n sigma^4 - (E_n sigma^2)^2 ] / H it is (1 + 2/n) Q - (E sigma^2)^2, which
    tends to Var Sigma_ii > 0.

    Args:
        moments: of sigma^2 at the layer's head dimension.
        heads: H.
        value_dim: d_v, None for infinite.
        coordinates: n, None for infinite.

    Source: theory notes 3.4.
    """
    Q = moments.mean**2 + variance_of_variance(moments, heads, value_dim)
    finite = 0.0 if coordinates is None else 2.0 / coordinates
    return (1 + finite) * Q - moments.mean**2


def correlation_of_squares(moments: VarianceMoments, heads: int, value_dim: int | None = None) -> float:
    """Correlation of y_ia^2 and y_ib^2 for two coordinates of one token: V / (2 mu^2 + 3 V).

    mu = E sigma^2 and V the variance of the layer's conditional variance. The coordinates themselves are
    uncorrelated.

    Source: theory notes 3.4 and 4, coordinate-dependence.
    """
    V = variance_of_variance(moments, heads, value_dim)
    return V / (2 * moments.mean**2 + 3 * V)


def long_sequence_constant(score_variance: float) -> float:
    """Limit of s times the one-head excess kurtosis for K = I as s grows: 3 (e^{4v} - 4 e^{2v} + 4 e^v - 1).

    Reached only for s far above e^{4v} (theory notes 3.7).
    """
    v = score_variance
    return float(3 * (np.exp(4 * v) - 4 * np.exp(2 * v) + 4 * np.exp(v) - 1))


def _normal_trapezoid(deviation: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of N(0, deviation^2) on 11 standard deviations either side."""
    half = int(np.ceil(_REACH * deviation / min(0.15, 0.5 * deviation)))
    p = _REACH * deviation * np.linspace(-1, 1, 2 * half + 1)
    weights = np.exp(-0.5 * (p / deviation) ** 2)
    return p, weights / weights.sum()


def _log_mean(growth: FloatArray, weights: FloatArray) -> FloatArray:
    """log E exp(-growth), from its complement where that is small so that no digit is lost near zero."""
    complement = -np.expm1(-growth) @ weights
    with np.errstate(divide="ignore"):
        direct = np.log(np.exp(-growth) @ weights)
    return np.where(complement < 0.5, np.log1p(-np.minimum(complement, 0.5)), direct)


def _power(log_base: FloatArray, exponent: int) -> FloatArray:
    """base^exponent from its logarithm, one where the exponent is zero also at base zero."""
    return np.ones_like(log_base) if exponent == 0 else np.exp(exponent * log_base)
