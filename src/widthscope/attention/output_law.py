"""Density, distribution function and characteristic function of an output, and exact distances between such
laws.

An output functional x = w^T y is a Gaussian scale mixture whose variance is the mean over H independent
heads of w^T Sigma_1 w, times chi^2_{d_v} / d_v per head at finite value dimension (theory notes 3.4, 3.6).
NumPy float64.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from widthscope.attention.gram import FloatArray
from widthscope.attention.variance_law import VarianceLaw, exchangeable_token, point

_FREQUENCIES = 1001  # period of the inverted law: 98 standard deviations
_CUTOFF = 64.0  # largest frequency, in units of one over the standard deviation


@dataclass(frozen=True)
class OutputLaw:
    """Law of one output functional of a layer.

    Attributes:
        variance: law of the one-head conditional variance given scores (finite or infinite head dimension).
        heads: H.
        value_dim: d_v, or None for infinite.
    """

    variance: VarianceLaw
    heads: int = 1
    value_dim: int | None = None

    def __post_init__(self) -> None:
        if self.heads < 1 or (self.value_dim is not None and self.value_dim < 1):
            raise ValueError(f"heads and value_dim must be at least 1, not {self.heads} and {self.value_dim}")

    @property
    def deviation(self) -> float:
        """Standard deviation of the output."""
        return float(np.sqrt(self.variance.moments.mean))

    def cf(self, t: ArrayLike) -> FloatArray:
        """Characteristic function, real: ( E exp(-t^2 v / (2H)) )^H, of the shape of t.

        At finite d_v each head contributes E (1 + t^2 v / (H d_v))^{-d_v/2}, which decays as a power: keep
        H d_v >= 8 for the inversions below.
        """
        square = np.square(np.asarray(t, dtype=np.float64)) / self.heads
        exponent = square[..., None] * self.variance.variances
        if self.value_dim is None:
            single = np.exp(-0.5 * exponent) @ self.variance.weights
        else:
            single = np.exp(-self.value_dim / 2 * np.log1p(exponent / self.value_dim)) @ self.variance.weights
        return np.asarray(single**self.heads, dtype=np.float64)

    def pdf(self, x: ArrayLike) -> FloatArray:
        """Density at x: of the mixture where it is at hand, else (1/pi) int cos(tx) cf(t) dt."""
        points = np.asarray(x, dtype=np.float64)
        if self._mixture is not None:
            scale = np.sqrt(self._mixture.variances)
            normal = np.exp(-0.5 * np.square(points[..., None] / scale)) / (scale * np.sqrt(2 * np.pi))
            return np.asarray(normal @ self._mixture.weights)
        t, weights = frequency_grid(self.deviation)
        return _in_blocks(lambda x: np.cos(x[:, None] * t), weights * self.cf(t) / np.pi, points)

    def cdf(self, x: ArrayLike) -> FloatArray:
        """Distribution function at x: of the mixture, or 1/2 + (1/pi) int sin(tx)/t cf(t) dt."""
        points = np.asarray(x, dtype=np.float64)
        if self._mixture is not None:
            return np.asarray(
                ndtr(points[..., None] / np.sqrt(self._mixture.variances)) @ self._mixture.weights
            )
        t, weights = frequency_grid(self.deviation)
        return 0.5 + _in_blocks(lambda x: _sine_over(x, t), weights * self.cf(t) / np.pi, points)

    @cached_property
    def _mixture(self) -> VarianceLaw | None:
        """Law of the layer's conditional variance where it is known and stays off zero, for exact tails."""
        if self.value_dim is not None or self.variance.variances.min() <= 0:
            return None
        if self.heads == 1:
            return self.variance
        if self.variance.variances.min() < 0.01 * self.variance.variances.max():
            return None
        return self.variance.averaged(self.heads)


@dataclass(frozen=True)
class Distances:
    """Distances between two symmetric laws F and G on the line.

    Attributes:
        ks: max |F - G|.
        wasserstein: W1 = int |F - G| dx, in the unit of x.
        energy: 2 int (F - G)^2 dx, in the unit of x.
        kl: KL(F || G), nats.
    """

    ks: float
    wasserstein: float
    energy: float
    kl: float


def limit_output(tokens: int, heads: int, *, alpha: float = 1.0, beta: float = 0.0) -> OutputLaw:
    """Limit law of one coordinate of one token for K = alpha I + beta 1 1^T."""
    return OutputLaw(exchangeable_token(tokens, alpha=alpha, beta=beta), heads)


def finite_output(
    tokens: int, heads: int, head_dim: int, value_dim: int, *, alpha: float = 1.0, beta: float = 0.0
) -> OutputLaw:
    """Exact law of one coordinate of one token at finite width, fixed tokens alpha I + beta 1 1^T.

    For several H of one width, build `exchangeable_token` once and hand it to `OutputLaw`.
    """
    return OutputLaw(exchangeable_token(tokens, alpha=alpha, beta=beta, head_dim=head_dim), heads, value_dim)


def gaussian(variance: float) -> OutputLaw:
    """N(0, variance): the law of the infinite-head limit, of uniform attention and other competitors."""
    return OutputLaw(point(variance))


def distances(first: OutputLaw, second: OutputLaw, reach: float = 14.0, points: int = 1401) -> Distances:
    """Deterministic distances between two output laws, from the difference of their characteristic functions.

    F - G = (1/pi) int sin(tx)/t (cf_F - cf_G) dt and likewise for densities, so nothing is lost when the
    laws are close; resolves KS down to 1e-13. On fixed tokens KS and W1 fall as 1/n, energy and KL as
    1/n^2.

    Args:
        first, second: F and G; G must have a density wherever F has one.
        reach: half-width of the x grid in standard deviations.
        points: number of points on the positive half.

    Source: theory notes 3.4 (inversion) and 3.6 (one-dimensional companion).
    """
    scale = max(first.deviation, second.deviation)
    x = np.linspace(0, reach * scale, points)
    t, weights = frequency_grid(min(first.deviation, second.deviation))
    gap = weights * (first.cf(t) - second.cf(t)) / np.pi
    difference = _sine_over(x, t) @ gap
    density = second.pdf(x)
    divergence = _pointwise_kl(np.cos(np.outer(x, t)) @ gap, density)
    step = x[1]
    return Distances(
        ks=float(np.abs(difference).max()),
        wasserstein=float(2 * np.trapezoid(np.abs(difference), dx=step)),
        energy=float(4 * np.trapezoid(np.square(difference), dx=step)),
        kl=float(2 * np.trapezoid(divergence, dx=step)),
    )


def frequency_grid(deviation: float) -> tuple[FloatArray, FloatArray]:
    """Frequencies t from 0 to 64 / deviation and their trapezoid weights, (1001,) each."""
    t = np.linspace(0, _CUTOFF / deviation, _FREQUENCIES)
    weights = np.full(_FREQUENCIES, t[1])
    weights[[0, -1]] /= 2
    return t, weights


def _sine_over(x: FloatArray, t: FloatArray) -> FloatArray:
    """sin(t x) / t, (..., T), with its limit x at t = 0."""
    return np.asarray(x[..., None] * np.sinc(x[..., None] * t / np.pi))


def _in_blocks(
    kernel: Callable[[FloatArray], FloatArray], coefficients: FloatArray, points: FloatArray
) -> FloatArray:
    """kernel(points) @ coefficients, a thousand points at a time so that memory stays bounded."""
    flat = points.ravel()
    blocks = [kernel(flat[i : i + 1000]) @ coefficients for i in range(0, max(flat.size, 1), 1000)]
    return np.concatenate(blocks).reshape(points.shape)


def _pointwise_kl(gap: FloatArray, density: FloatArray) -> FloatArray:
    """p log(p/q) - p + q from p - q and q; where q underflows to nothing it is left out."""
    positive = density > 1e-290
    ratio = np.zeros_like(gap)
    ratio[positive] = np.maximum(gap[positive] / density[positive], -1 + 1e-15)
    series = ratio**2 / 2 - ratio**3 / 6
    exact = (1 + ratio) * np.log1p(ratio) - ratio
    return density * np.where(np.abs(ratio) < 1e-4, series, exact)
