r"""Signal propagation probability without the Gaussian step, for spectra of two values, by quadrature.

Given the last token, the walk at t is x_t = (t/T) x_T plus a Brownian bridge of variance t (T - t)/T, so that

    omega_t = (t/T) Q + N b_t,   Q = x_T^T W x_T,   N = |W^T x_T|,   b_t ~ N(0, t (T - t)/T) independent.

With p eigenvalues a and q eigenvalues b, Q = T (a A + b B) and N^2 = T (a^2 A + b^2 B) for independent A ~
chi^2_p, B ~ chi^2_q: rho_t is a two-dimensional integral of normal distribution functions. Derived here; the
theory notes 3.2 have the Gaussian formula only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, ndtr

from widthscope.attention.gram import FloatArray
from widthscope.studies.qk_spectrum.walks.theory import two_valued_spectrum

NODES = 160
"""Gauss-Legendre nodes for each of the two chi variates: errors are below 1e-10 at the sizes used here."""


@dataclass(frozen=True)
class TwoValued:
    """A spectrum of p eigenvalues a and q eigenvalues b; every other eigenvalue is zero."""

    a: float
    p: int
    b: float = 0.0
    q: int = 0

    @classmethod
    def of(cls, xi: float, eta: float, rank: int) -> "TwoValued":
        """Half and half, with sum xi and sum of squares eta; the rank is even, or one with eta = xi^2.

        Raises:
            InfeasibleSpectrumError: if no such spectrum exists.
            ValueError: if the rank is odd and above one.
        """
        if rank > 1 and rank % 2:
            raise ValueError(f"half of {rank} eigenvalues is no whole number")
        values = two_valued_spectrum(xi, eta, rank)
        if rank == 1:
            return cls(float(values[0]), 1)
        return cls(float(values[0]), rank // 2, float(values[-1]), rank // 2)


def exact_propagation(position: ArrayLike, tokens: int, spectrum: TwoValued) -> FloatArray:
    """rho_t = P(-1 < omega_t < T - 1) at positions 0 < t < T, (K,), to about 1e-10.

    Raises:
        ValueError: if a position is not strictly between 0 and `tokens`: there is no bridge at its ends.
    """
    t = np.atleast_1d(np.asarray(position, dtype=np.float64))
    if not ((t > 0) & (t < tokens)).all():
        raise ValueError(f"positions are {t}, allowed are those strictly between 0 and {tokens}")
    first, first_weight = _chi_nodes(spectrum.p)
    second, second_weight = _chi_nodes(spectrum.q) if spectrum.q else (np.zeros(1), np.ones(1))
    A, B = first[:, None] ** 2, second[None, :] ** 2
    Q = tokens * (spectrum.a * A + spectrum.b * B)
    N = np.sqrt(tokens * (spectrum.a**2 * A + spectrum.b**2 * B))
    weight = first_weight[:, None] * second_weight
    return np.array([np.sum(weight * conditional_propagation(Q, N, one, tokens)) for one in t])


def conditional_propagation(Q: FloatArray, N: FloatArray, position: float, tokens: int) -> FloatArray:
    """P(-1 < omega_t < T - 1) given the last token, through Q = x_T^T W x_T and N = |W^T x_T| (see
    module)."""
    mean = Q * (position / tokens)
    deviation = N * np.sqrt(position * (tokens - position) / tokens)
    return np.asarray(ndtr((tokens - 1 - mean) / deviation) - ndtr((-1 - mean) / deviation))


def _chi_nodes(degrees: int) -> tuple[FloatArray, FloatArray]:
    """Nodes y > 0 and weights for the mean of a function of y^2 ~ chi^2; y itself has no singular density."""
    centre = np.sqrt(degrees - 1)
    low, high = max(0.0, centre - 8), centre + 9  # standard deviations are below one: 1e-15 lies outside
    x, w = np.polynomial.legendre.leggauss(NODES)
    y = low + (high - low) * (x + 1) / 2
    log_density = (1 - degrees / 2) * np.log(2) - gammaln(degrees / 2)
    log_density = log_density + (degrees - 1) * np.log(y) - y**2 / 2
    return y, (high - low) / 2 * w * np.exp(log_density)
