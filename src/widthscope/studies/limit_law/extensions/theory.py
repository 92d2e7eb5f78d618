"""Predictions for the extensions that need more than the moments of one token. NumPy float64."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from widthscope.attention.gram import FloatArray
from widthscope.attention.variance_law import attention_rows


@dataclass(frozen=True)
class CorrelationMoments:
    """Moments of ρ = Σ_ij/√(Σ_ii Σ_jj), the correlation of two tokens' outputs given the scores."""

    mean: float
    square: float


@cache
def correlation_moments(tokens: int, seeds: int = 8, log2_points: int = 15) -> CorrelationMoments:
    """E ρ and E ρ² of the one-head limit law with K = I.

    Scores of two queries are then independent, and ρ is the cosine of the angle between two attention rows.
    By scrambled Sobol points; over seeds the values scatter by 1e-5 at 4 tokens.

    Args:
        tokens: number of tokens s >= 2.
        seeds: independent scrambles that are averaged.
        log2_points: base-two logarithm of the points of each.

    Source: theory notes 3.7.
    """
    means, squares = [], []
    for seed in range(seeds):
        rows, rule = attention_rows(np.eye(tokens), np.arange(2), log2_points=log2_points, seed=seed)
        a, b = rows[:, 0], rows[:, 1]
        norms = np.square(a).sum(-1) * np.square(b).sum(-1)
        rho = np.einsum("qi,qi->q", a, b) / np.sqrt(norms)
        means.append(rule.weights @ rho)
        squares.append(rule.weights @ np.square(rho))
    return CorrelationMoments(float(np.mean(means)), float(np.mean(squares)))


def normalised_excess_kurtosis(width: int, centred: bool = False) -> float:
    """Excess kurtosis of one coordinate after RMSNorm, -6/(n+2), or LayerNorm (`centred`), -6/(n+1).

    Given attention and values the n channels of a token are iid Gaussian, so that √n y/|y| is uniform on a
    sphere: exact at every width, for any heads and Gram (theory notes 3.7). Subtracting the mean takes one
    dimension; the coordinate is then √(n-1) times one on the sphere in n - 1 dimensions.
    """
    return -6 / (width + 1) if centred else -6 / (width + 2)


def uniform_chain(tokens: int, layers: int, skip: float | None, normalise: bool) -> FloatArray:
    """Mean token correlation after each layer (layers,) if attention were uniform, from orthonormal tokens.

    Uniform attention gives every token the mean output, of variance 1ᵀK1/s². Exact in the limit: nothing is
    random.
    """
    K = np.eye(tokens)
    correlations = []
    for _ in range(layers):
        output = np.full_like(K, K.mean())
        K = output if skip is None else K + skip**2 * output
        scale = np.sqrt(np.diag(K))
        correlation = K / np.outer(scale, scale)
        K = correlation if normalise else K
        correlations.append((correlation.sum() - tokens) / (tokens * (tokens - 1)))
    return np.array(correlations)


def collapsed_growth(heads: int) -> float:
    """Growth per layer of n times the excess kurtosis once tokens are parallel: 6 + 6/H.

    With K = k 1 1ᵀ attention has no effect. A layer multiplies the conditional variance by the mean over H
    heads of chi²_n/n from the values, and the next Gram by another chi²_n/n from the output weights: relative
    variances 2/(Hn) and 2/n, of which the excess kurtosis is three times the sum. Source: derived here from
    the chain of theory notes 3.7.
    """
    return 6 + 6 / heads
