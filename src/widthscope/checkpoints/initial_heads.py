r"""How far from its law the spectrum of one head at initialisation is by chance.

Eigenvalues of one matrix repel each other, so that the textbook p-value of a Kolmogorov-Smirnov distance is
wrong for them. It is taken from simulated heads of the same sizes instead, Gaussian and independent.

Only d_h x d_h matrices are drawn, with the exact law. With the thin factorisation W_K = L O (L lower
triangular, O orthonormal rows), G = W_Q O^T is Gaussian and independent of L, and

    W_K W_Q^T = L G^T ,   W_Q W_Q^T = G G^T + S ,   W_K W_K^T = L L^T ,

where S is Wishart of d - d_h degrees of freedom, independent of G and L; Bartlett (1933) has the law of L and
of a root of S. Heads are scored like those of a checkpoint, their variance matched by Frobenius norm.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from widthscope.attention.gram import FloatArray
from widthscope.spectra import query_key, radial_law
from widthscope.spectra.departure import departure
from widthscope.spectra.query_key import ComplexArray
from widthscope.streams import numpy_generator

DRAWS = 499
TAIL = 50
"""Largest draws, from which p-values beyond the simulation are continued."""
_BLOCK_BYTES = 2**24


@dataclass(frozen=True)
class Chance:
    """Numbers of heads at initialisation, ascending (draws,) each.

    Attributes:
        ks: Kolmogorov-Smirnov distance of the eigenvalues from the law.
        reach: largest modulus over the law's edge.
    """

    ks: FloatArray
    reach: FloatArray


@cache
def by_chance(head_dim: int, width: int, draws: int = DRAWS) -> Chance:
    """Simulated heads of these sizes, always the same ones; simulated once.

    Args:
        head_dim, width: d_h <= d.
        draws: number of heads.

    Raises:
        ValueError: if head_dim > width.
    """
    random = numpy_generator("checkpoints", "initial heads", head_dim, width)
    block = max(1, _BLOCK_BYTES // (8 * head_dim**2))
    distances, reaches = [], []
    for start in range(0, draws, block):
        grams = initial_grams(random, min(block, draws - start), head_dim, width)
        eigenvalues, norm = grams.eigenvalues(), grams.traces().frobenius
        distances.append(departure(eigenvalues, norm, width).ks)
        reaches.append(reach(eigenvalues, norm, width))
    return Chance(np.sort(np.concatenate(distances)), np.sort(np.concatenate(reaches)))


def reach(eigenvalues: ComplexArray, frobenius: FloatArray, width: int) -> FloatArray:
    """Largest |lambda| over the law's edge at the head's own norm, (..., d_h) -> (...)."""
    radius = radial_law.radius(eigenvalues, frobenius, width)
    return np.asarray(radius.max(-1) / radial_law.edge(width / radius.shape[-1]))


def p_values(found: FloatArray, chance: FloatArray, tail: int = TAIL) -> FloatArray:
    """p-value of each number: how often heads at initialisation come out at least as large.

    (1 + number of draws at least as large) / (1 + draws), and from the `tail`-th largest on an exponential
    with the mean excess of the draws beyond it. Both numbers have tails that are lighter or just as light, so
    that what lies beyond the simulation gets a p-value that is too large rather than too small.

    Args:
        found: numbers of heads, any shape; NaN stays NaN.
        chance: the same number of simulated heads, ascending (draws,), more than `tail`.
        tail: draws that the continuation rests on.
    """
    draws = len(chance)
    counted = (1 + draws - np.searchsorted(chance, found, side="left")) / (1 + draws)
    start = chance[-tail]
    excess = float(np.mean(chance[-tail:] - start)) * tail / (tail - 1)
    continued = tail / (1 + draws) * np.exp(-(found - start) / excess)
    return np.where(np.isnan(found), np.nan, np.where(found > start, continued, counted))


def initial_grams(random: np.random.Generator, draws: int, head_dim: int, width: int) -> query_key.HeadGrams:
    """Small products of heads with standard Gaussian weights, (draws, d_h, d_h) each.

    Raises:
        ValueError: if head_dim > width.
    """
    if head_dim > width:
        raise ValueError(f"head_dim {head_dim} exceeds width {width}")
    L = _wishart_root(random, draws, head_dim, width)
    G = random.standard_normal((draws, head_dim, head_dim))
    R = _wishart_root(random, draws, head_dim, width - head_dim)
    scale = head_dim**-0.5
    return query_key.HeadGrams(
        product=scale * (L @ np.swapaxes(G, -1, -2)),
        query=G @ np.swapaxes(G, -1, -2) + R @ np.swapaxes(R, -1, -2),
        key=scale**2 * (L @ np.swapaxes(L, -1, -2)),
    )


def _wishart_root(random: np.random.Generator, draws: int, size: int, degrees: int) -> FloatArray:
    """R with R R^T Wishart, (draws, size, size): Bartlett's triangle, or thin and Gaussian."""
    if degrees < size:
        return random.standard_normal((draws, size, degrees))
    root = np.tril(random.standard_normal((draws, size, size)), -1)
    places = np.arange(size)
    root[:, places, places] = np.sqrt(random.chisquare(degrees - places, (draws, size)))
    return root
