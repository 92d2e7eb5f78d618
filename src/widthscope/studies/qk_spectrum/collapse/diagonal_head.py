r"""A softmax head with a given spectrum, on random sequences whose law no rotation changes.

Tokens are columns of norm √d, and their law is that of U x for every orthogonal U. A symmetric query-key
matrix W = U diag(λ) U^T / √d therefore gives the same attention in law as W = diag(λ) / √d, which is what is
used here: the score of key t for query s is Σ_i λ_i x_si x_ti / √d. In these units a walk's scores are of
order one for λ of order one. Every query sees all keys (theory notes 3.5).
"""

from typing import Literal

import numpy as np
from scipy.special import ndtri

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

TokenLaw = Literal["walk", "iid"]
LAWS: tuple[TokenLaw, ...] = ("walk", "iid")


def normal_spectrum(width: int) -> Floats:
    """Eigenvalues (d,) at the quantiles of a normal law, with mean 0 and variance 1 exactly.

    The spectrum is symmetric: its negative is the same spectrum with the eigenvectors in the opposite order.
    """
    quantiles = ndtri((np.arange(width) + 0.5) / width)
    quantiles = (quantiles - quantiles[::-1]) / 2
    return np.asarray(quantiles / np.sqrt(np.mean(quantiles**2)), dtype=np.float64)


def sequences(law: TokenLaw, count: int, tokens: int, width: int, generator: np.random.Generator) -> Floats:
    """Sequences (count, T, d) of tokens of norm √d.

    ``walk`` is a random walk with Gaussian steps, each token then rescaled, as a layer norm would; ``iid``
    are independent Gaussian tokens, rescaled alike.
    """
    steps = generator.standard_normal((count, tokens, width))
    drawn = np.cumsum(steps, axis=1) if law == "walk" else steps
    return np.asarray(drawn * (np.sqrt(width) / np.linalg.norm(drawn, axis=-1, keepdims=True)))


def entropy(tokens: Floats, eigenvalues: Floats) -> float:
    """Attention entropy over log T, averaged over the queries and sequences.

    With scores w and Z = Σ exp(w), a row's entropy is log Z - Σ A w: no logarithm of a weight is taken, and a
    weight of zero adds nothing.

    Args:
        tokens: (count, T, d) sequences, T >= 2.
        eigenvalues: (d,) eigenvalues of √d W.
    """
    scores = _shifted_scores(tokens, eigenvalues)
    weights = np.exp(scores)
    total = weights.sum(axis=-1)
    mean_score = np.einsum("...t,...t->...", weights, scores) / total
    return float(np.mean(np.log(total) - mean_score) / np.log(tokens.shape[-2]))


def relative_residual(tokens: Floats, eigenvalues: Floats) -> float:
    """Token diversity R = ||AX - mean|| / ||X - mean|| (Frobenius), averaged over the sequences.

    The mean is that over the tokens of a sequence. R = 0 is rank collapse: all outputs are one vector.

    Args:
        tokens, eigenvalues: as for `entropy`.
    """
    weights = np.exp(_shifted_scores(tokens, eigenvalues))
    outputs = weights @ tokens / weights.sum(axis=-1, keepdims=True)
    return float(np.mean(_deviation(outputs) / _deviation(tokens)))


def _shifted_scores(tokens: Floats, eigenvalues: Floats) -> Floats:
    """Scores (count, T, T), of which each row's largest is 0."""
    scores = (tokens * (eigenvalues / np.sqrt(tokens.shape[-1]))) @ tokens.mT
    return np.asarray(scores - scores.max(axis=-1, keepdims=True))


def _deviation(tokens: Floats) -> Floats:
    """Norm (count,) of each sequence's deviation from its mean token."""
    return np.asarray(np.linalg.norm(tokens - tokens.mean(axis=-2, keepdims=True), axis=(-2, -1)))
