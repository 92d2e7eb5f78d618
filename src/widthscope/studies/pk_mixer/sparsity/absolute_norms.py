"""How evenly a matrix spreads its size over its entries: theory notes 3.3 (docs/theory/pk_mixer.md)."""

import math

from torch import Tensor


def evenness(matrices: Tensor) -> Tensor:
    """r = ||B||_1 / (sqrt(n) ||B||_F) of matrices (..., rows, columns) of n entries: 1 for equal sizes."""
    flat = matrices.flatten(-2)
    found: Tensor = flat.abs().sum(-1) / (math.sqrt(flat.shape[-1]) * flat.square().sum(-1).sqrt())
    return found


def kurtosis(matrices: Tensor) -> Tensor:
    """Mean fourth power of the entries over the squared mean square, about zero: 3 for many Gaussian ones."""
    squares = matrices.flatten(-2).square()
    return squares.square().mean(-1) / squares.mean(-1).square()


def gaussian_evenness(entries: int) -> float:
    """Mean of r for a Gaussian matrix: sqrt(n) E|g| / E||g||, near sqrt(2 / pi).

    The direction of g is independent of its norm, so that E r E||g|| = E ||g||_1 / sqrt(n).
    """
    norm = math.sqrt(2) * math.exp(math.lgamma((entries + 1) / 2) - math.lgamma(entries / 2))
    return math.sqrt(entries) * math.sqrt(2 / math.pi) / norm


def gaussian_kurtosis(entries: int) -> float:
    """Mean of the kurtosis for a Gaussian matrix of n entries: 3 n / (n + 2), by the same independence."""
    return 3 * entries / (entries + 2)
