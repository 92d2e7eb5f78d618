r"""Law of the squared singular values of W_Q^T W_K for independent Gaussian matrices.

x = squared singular value of W_Q^T W_K / (d_h sigma_q sigma_k), over the d_h that differ from zero, as
d, d_h -> infinity at aspect alpha = d / d_h >= 1: the free product of two Marchenko-Pastur laws. With psi the
moment series, x = (1 + psi)(alpha + psi)^2 / psi, and the Stieltjes transform G = (1 + psi) / x solves

    x^2 G^3 + 2 x (alpha - 1) G^2 + ((alpha - 1)^2 - x) G + 1 = 0 ,   density = |Im G| / pi.

Mean alpha^2, second moment alpha^4 + 2 alpha^3. Source: theory notes 3.4. The distribution function in closed
form follows by integrating G dx along the curve psi(x):

    F(x) = 1 + (1/pi) Im[ 2 psi - 2 (alpha - 1) log(alpha + psi) - log psi ],   Im psi >= 0,

whose imaginary part is 0 at the upper edge (psi > 0) and -pi at the lower one (-alpha < psi < 0): mass one.
"""

from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from widthscope.attention.gram import FloatArray

_NEWTON_STEPS = 60  # about seven are used


def scaled_squares(singular_values: ArrayLike, frobenius: ArrayLike, width: int) -> FloatArray:
    """x of heads' singular values, with sigma_q sigma_k = ||W||_F / d matched by Frobenius norm.

    Args:
        singular_values: (..., d_h) of W = W_Q^T W_K / sqrt(d_h).
        frobenius: (...) ||W||_F, or d sigma_q sigma_k where the deviations are known.
        width: d.

    Returns:
        (..., d_h), of mean alpha^2; NaN where the norm is zero.
    """
    values = np.asarray(singular_values, dtype=np.float64)
    norm = np.asarray(frobenius, dtype=np.float64)[..., None]
    unit = np.where(norm > 0, norm, np.nan) / width
    return np.asarray((values / unit) ** 2 / values.shape[-1], dtype=np.float64)


def edges(aspect: float) -> tuple[float, float]:
    """Smallest and largest x: (1 + psi)(alpha + psi)^2 / psi at psi = (-1 -+ sqrt(1 + 8 alpha)) / 4.

    [0, 27/4] for alpha = 1.

    Raises:
        ValueError: if aspect < 1.
    """
    root = np.sqrt(1 + 8 * _checked(aspect))
    lower, upper = ((1 + psi) * (aspect + psi) ** 2 / psi for psi in ((-1 - root) / 4, (-1 + root) / 4))
    return float(max(0.0, lower)), float(upper)


def density(x: ArrayLike, aspect: float) -> FloatArray:
    """Density at x, zero outside the edges; diverges as x^(-2/3) at zero for alpha = 1."""
    points = np.asarray(x, dtype=np.float64)
    psi, inside = _moment_series(points, aspect)
    return np.where(inside, psi.imag / (np.pi * np.where(inside, points, 1.0)), 0.0)


def cdf(x: ArrayLike, aspect: float) -> FloatArray:
    """F(x), the fraction of the d_h squared singular values up to x, in closed form (see the module)."""
    points = np.asarray(x, dtype=np.float64)
    psi, inside = _moment_series(points, aspect)
    angle = 2 * psi.imag - 2 * (aspect - 1) * np.angle(aspect + psi) - np.angle(psi)
    beyond = (points >= edges(aspect)[1]).astype(np.float64)
    return np.where(inside, np.clip(1 + angle / np.pi, 0.0, 1.0), beyond)


def quantile(probability: ArrayLike, aspect: float, *, halvings: int = 60) -> FloatArray:
    """x with F(x) = p by bisection in x^(1/3), in which the law has no singularity; NaN outside [0, 1]."""
    p = np.asarray(probability, dtype=np.float64)
    lower, upper = (np.full(p.shape, np.cbrt(side)) for side in edges(aspect))
    for _ in range(halvings):
        middle = (lower + upper) / 2
        short = cdf(middle**3, aspect) < p
        lower, upper = np.where(short, middle, lower), np.where(short, upper, middle)
    return np.where((p >= 0) & (p <= 1), ((lower + upper) / 2) ** 3, np.nan)


def moment(order: int, aspect: float) -> float:
    """E x^order by Lagrange inversion of the moment series.

    m_k = (1/k) [psi^(k-1)] ((1 + psi)(alpha + psi)^2)^k, so that m_1 = alpha^2, m_2 = alpha^4 + 2 alpha^3.
    """
    alpha, k = _checked(aspect), order
    if k == 0:
        return 1.0
    terms = (comb(k, j) * comb(2 * k, k - 1 - j) * alpha ** (k + 1 + j) for j in range(k))
    return float(sum(terms)) / k


def mean_power(order: int, head_dim: int, width: int) -> float:
    """E of the mean of x^order over a head's d_h values at finite size, for order 1 or 2.

    x are the eigenvalues of A B / d_h^2 with A = W_Q W_Q^T, B = W_K W_K^T, and Wishart matrices have
    E A = d I, E A B A = (d^2 + d) B + d tr(B) I. Hence alpha^2 at every size, and

        d^2 ((d + 1)(d + d_h + 1) + d d_h + 2) / d_h^4,

    which is above `moment(2, alpha)` by a share of order 1/d_h.

    Raises:
        ValueError: if order is neither 1 nor 2.
    """
    d, n = width, head_dim
    if order == 1:
        return (d / n) ** 2
    if order == 2:
        return d**2 * ((d + 1) * (d + n + 1) + d * n + 2) / n**4
    raise ValueError(f"order is {order}, allowed are 1 and 2")


def _moment_series(x: FloatArray, aspect: float) -> tuple[NDArray[np.complex128], NDArray[np.bool_]]:
    """Root psi with positive imaginary part of (1 + psi)(alpha + psi)^2 = x psi, and where there is one.

    In s = -alpha - psi the cubic is s^3 + (alpha - 1) s^2 - x s - x alpha = 0. It has one positive root, and
    is convex there: Newton's steps from above fall onto it without cancellation, however small x is. The two
    others are the roots of s^2 + b s + x alpha / s_+ with b = s_+ + alpha - 1.
    """
    alpha = _checked(aspect)
    lower, upper = edges(alpha)
    inside = (x > lower) & (x < upper)
    at = np.where(inside, x, (lower + upper) / 2)
    positive = np.sqrt(at) + np.cbrt(alpha * at)
    for _ in range(_NEWTON_STEPS):
        value = ((positive + alpha - 1) * positive - at) * positive - alpha * at
        smaller = positive - value / ((3 * positive + 2 * (alpha - 1)) * positive - at)
        if np.all(smaller >= positive):
            break
        positive = np.minimum(smaller, positive)
    half = (positive + alpha - 1) / 2
    height = np.sqrt(np.maximum(alpha * at / positive - half**2, 0.0))
    return half - alpha + 1j * height, inside


def _checked(aspect: float) -> float:
    if not (aspect >= 1 and np.isfinite(aspect)):
        raise ValueError(f"aspect width / head_dim is {aspect}, allowed are finite numbers from 1")
    return float(aspect)
