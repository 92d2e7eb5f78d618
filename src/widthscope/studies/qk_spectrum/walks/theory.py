r"""Scores of a Gaussian random walk: moments, signal propagation probability, contrast and its peak.

Tokens are x_t = eps_1 + ... + eps_t with independent eps ~ N(0, Sigma); the query is the last token x_T and
key t has the score omega_t = x_T^T W x_t. Everything is a function of xi = tr(W Sigma), eta_1 = tr(W Sigma W
Sigma) and eta_2 = tr(W Sigma W^T Sigma), which are equal to one eta where W is symmetric. Source: theory
notes 3.1 and 3.2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from widthscope.attention.gram import FloatArray
from widthscope.studies.qk_spectrum.walks.feasibility import InfeasibleSpectrumError, check_feasible


@dataclass(frozen=True)
class Summaries:
    """What the first two moments of the scores know of W: xi, eta_1 and eta_2 of the theory notes 2."""

    xi: float
    eta1: float
    eta2: float

    @classmethod
    def of(cls, matrix: ArrayLike, covariance: ArrayLike | None = None) -> "Summaries":
        """From a dense W (d, d) and the covariance Sigma (d, d) of a step; the identity where None."""
        W = np.asarray(matrix, dtype=np.float64)
        product = W if covariance is None else W @ np.asarray(covariance, dtype=np.float64)
        turned = W.T if covariance is None else W.T @ np.asarray(covariance, dtype=np.float64)
        return cls(
            float(np.trace(product)), float(np.sum(product * product.T)), float(np.sum(product * turned.T))
        )

    @classmethod
    def symmetric(cls, xi: float, eta: float) -> "Summaries":
        """Of a symmetric W, whose eta_1 and eta_2 are equal."""
        return cls(xi, eta, eta)


def score_mean(position: ArrayLike, xi: float) -> FloatArray:
    """E omega_t = t xi. Source: theory notes 3.1."""
    return np.asarray(position, dtype=np.float64) * xi


def score_variance(position: ArrayLike, tokens: int, summaries: Summaries) -> FloatArray:
    """Var omega_t = t^2 (eta_1 + eta_2) + t (T - t) eta_2, for any square W; t (t + T) eta if it is
    symmetric.

    Args:
        position: t, from 1 to `tokens`, any shape.
        tokens: T.
        summaries: of W and Sigma.

    Source: theory notes 3.1.
    """
    t = np.asarray(position, dtype=np.float64)
    return t**2 * (summaries.eta1 + summaries.eta2) + t * (tokens - t) * summaries.eta2


def propagation(position: ArrayLike, tokens: int, summaries: Summaries) -> FloatArray:
    r"""Signal propagation probability rho_t = P(-1 < omega_t < T - 1), with omega_t taken as Gaussian.

    A token propagates where the piecewise-linear softmax clip((1 + omega_t) / T, 0, 1) is not saturated:

        rho_t = Phi((T - 1 - t xi) / s_t) - Phi((-1 - t xi) / s_t),   s_t^2 = Var omega_t .

    The Gaussian step is a central limit theorem over the eigen-directions of W: its error falls as one over
    the number of comparable eigenvalues, and not with the width (theory notes, trap 3). Arguments as
    `score_variance`; the variance must be above zero. Source: theory notes 3.2.
    """
    mean = score_mean(position, summaries.xi)
    deviation = np.sqrt(score_variance(position, tokens, summaries))
    return np.asarray(ndtr((tokens - 1 - mean) / deviation) - ndtr((-1 - mean) / deviation))


def limiting_propagation(tau: ArrayLike, xi: float, eta: float) -> FloatArray:
    """rho at t / T = tau in (0, 1] as T -> infinity, for symmetric W.

    Phi((1 - tau xi)/s) - Phi(-tau xi/s) with s^2 = tau (1 + tau) eta; it tends to 1/2 as tau -> 0 for every
    xi and eta > 0. Source: theory notes 3.2.
    """
    place = np.asarray(tau, dtype=np.float64)
    deviation = np.sqrt(place * (1 + place) * eta)
    return np.asarray(ndtr((1 - place * xi) / deviation) - ndtr(-place * xi / deviation))


def peak(xi: float, eta: float) -> tuple[float, float]:
    """Where rho is largest as T -> infinity, and the contrast C = sup rho - 1/2 there.

    C = 0, at tau = 0, iff xi <= 0. For xi > 0 it decreases in eta, from 1/2 as eta -> 0. Source: theory notes
    3.2.
    """
    if xi <= 0:
        return 0.0, 0.0
    # Small etas put the rise of rho near tau = eta / xi^2: the grid is uniform in log tau.
    grid = np.geomspace(1e-6, 1.0, 4001)
    values = limiting_propagation(grid, xi, eta)
    best = int(np.argmax(values))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(
        lambda tau: -float(limiting_propagation(tau, xi, eta)),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-10},
    )
    tau, rho = float(found.x), -float(found.fun)
    if values[best] >= rho:
        tau, rho = float(grid[best]), float(values[best])
    return tau, rho - 0.5


def contrast(xi: float, eta: float) -> float:
    """Localisation contrast C(xi, eta) as T -> infinity, between 0 and 1/2 (see `peak`)."""
    return peak(xi, eta)[1]


def two_valued_spectrum(xi: float, eta: float, rank: int) -> FloatArray:
    """Eigenvalues (rank,) with sum xi and sum of squares eta: half m - s, half m + s, an odd one m.

    Raises:
        InfeasibleSpectrumError: if eta < xi^2 / rank, or rank 1 with eta > xi^2.
    """
    check_feasible(xi, eta, rank)
    mean, half = xi / rank, rank // 2
    room = max(0.0, eta - rank * mean**2)
    if half == 0:
        if room > 1e-12 * eta:
            raise InfeasibleSpectrumError(f"a matrix of rank 1 has eta = xi^2 = {xi**2:g}, not {eta:g}")
        return np.array([mean])
    spread = np.sqrt(room / (2 * half))
    middle = [mean] * (rank - 2 * half)
    return np.array([*[mean - spread] * half, *middle, *[mean + spread] * half])
