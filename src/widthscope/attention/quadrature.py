"""Quadrature rules of the random variables of an attention layer: normals and chi-squares. NumPy float64."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special
from scipy.stats import qmc

from widthscope.attention.gram import FloatArray

_LOG_TAIL = 40.0  # weights below exp(-40) of the largest are left out


@dataclass(frozen=True)
class Rule:
    """A quadrature rule of a probability law: E f(X) is nearly the sum of weights times f(nodes).

    Attributes:
        nodes: (Q,) or, for a vector of D variables, (Q, D).
        weights: (Q,), adding up to one.
    """

    nodes: FloatArray
    weights: FloatArray


def chi_square(degrees: int | None) -> Rule:
    """Rule of chi^2_d / d: the trapezoid in its logarithm, which converges exponentially for every d >= 1.

    The density of tau = log(chi^2_d / d) is proportional to exp(d (tau - e^tau) / 2); at most a few hundred
    nodes (30 to 60 for d >= 16) give 1e-14 for smooth functions. This takes the place of a Gauss-Hermite
    rule mapped by quantiles, whose quantile function loses all digits in the tail (theory notes 6, trap 9).

    Args:
        degrees: d, or None for infinitely many: one node at 1.

    Raises:
        ValueError: if d < 1.
    """
    if degrees is None:
        return Rule(np.ones(1), np.ones(1))
    if degrees < 1:
        raise ValueError(f"degrees must be at least 1, not {degrees}")
    half = degrees / 2

    def excess(tau: float) -> float:
        return half * float(np.expm1(tau) - tau) - _LOG_TAIL

    reach = _LOG_TAIL / half
    low = optimize.brentq(excess, -(reach + 2), 0.0)
    high = optimize.brentq(excess, 0.0, np.sqrt(2 * reach) + 1)
    step = min(0.2, 0.5 / np.sqrt(half))
    tau = low + step * np.arange(int(np.ceil((high - low) / step)) + 1)
    weights = np.exp(half * (tau - np.expm1(tau)))
    return Rule(np.exp(tau), weights / weights.sum())


def normal(dimension: int, nodes: int = 30) -> Rule:
    """Gauss-Hermite product rule of `dimension` independent standard normals, nodes^dimension points.

    Raises:
        ValueError: if the dimension is below 0, or nodes is not in 1..200 (the rule overflows beyond 370).
    """
    if dimension < 0 or not 1 <= nodes <= 200:
        raise ValueError(f"need dimension >= 0 and nodes in 1..200, not {dimension} and {nodes}")
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    grid = np.meshgrid(*[x] * dimension, indexing="ij")
    points = np.stack([axis.ravel() for axis in grid], axis=-1) if dimension else np.zeros((1, 0))
    weights = np.ones(1)
    for _ in range(dimension):
        weights = np.multiply.outer(weights, w / w.sum()).ravel()
    return Rule(points, weights)


def normal_sobol(dimension: int, log2_points: int, seed: int) -> Rule:
    """Scrambled Sobol rule of `dimension` independent standard normals, 2^log2_points points of equal weight.

    Rules of different seeds are independent and each is unbiased, so their spread gives a standard error.

    Raises:
        ValueError: if the dimension is outside 1..21201 or log2_points outside 1..30.
    """
    if not 1 <= dimension <= qmc.Sobol.MAXDIM or not 1 <= log2_points <= 30:
        raise ValueError(
            f"need dimension in 1..{qmc.Sobol.MAXDIM} and log2_points in 1..30, "
            f"not {dimension} and {log2_points}"
        )
    sequence = qmc.Sobol(dimension, scramble=True, rng=np.random.default_rng(seed))
    uniform = sequence.random_base2(log2_points)
    tiny = 0.5 * np.finfo(np.float64).eps  # a scrambled point may round to zero
    points = np.asarray(special.ndtri(np.clip(uniform, tiny, 1 - tiny)), dtype=np.float64)
    return Rule(points, np.full(len(points), 1.0 / len(points)))
