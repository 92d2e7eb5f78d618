r"""A softmax head with a given spectrum, on random sequences whose law no rotation changes.

Tokens are columns of norm √d, and their law is that of U x for every orthogonal U. A symmetric query-key
matrix W = U diag(λ) U^T / √d therefore gives the same attention in law as W = diag(λ) / √d, which is what is
used here: the score of key t for query s is Σ_i λ_i x_si x_ti / √d. In these units a walk's scores are of
order one for λ of order one. Every query sees all keys (theory notes 3.5).
"""

from typing import Literal

import numpy as np
from scipy.special import ndtri

from widthscope.attention.collapse import relative_residual

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

    The number of `widthscope.attention.collapse.attention_entropy`, from the scores w in half the time: with
    Z = Σ exp(w), a row's entropy is log Z - Σ A w, so that no weight's logarithm is taken.

    Args:
        tokens: (count, T, d) sequences, T >= 2.
        eigenvalues: (d,) eigenvalues of √d W.
    """
    scores = _shifted_scores(tokens, eigenvalues)
    weights = np.exp(scores)
    total = weights.sum(axis=-1)
    mean_score = np.einsum("...t,...t->...", weights, scores) / total
    return float(np.mean(np.log(total) - mean_score) / np.log(tokens.shape[-2]))


def diversity_kept(tokens: Floats, eigenvalues: Floats) -> float:
    """Relative residual R of the tokens that attention gives out, averaged over the sequences.

    Args:
        tokens, eigenvalues: as for `entropy`.
    """
    weights = np.exp(_shifted_scores(tokens, eigenvalues))
    attention = weights / weights.sum(axis=-1, keepdims=True)
    return float(np.mean(relative_residual(attention, tokens)))


def _shifted_scores(tokens: Floats, eigenvalues: Floats) -> Floats:
    """Scores (count, T, T), of which each row's largest is 0."""
    scores = (tokens * (eigenvalues / np.sqrt(tokens.shape[-1]))) @ tokens.mT
    return np.asarray(scores - scores.max(axis=-1, keepdims=True))
