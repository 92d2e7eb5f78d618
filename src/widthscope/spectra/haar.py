r"""The exact null of the trace score: W_K replaced by W_K O, O uniform (Haar) in the orthogonal group O(d).

The singular values of W stay, its eigenvectors lose their alignment. Then tr(W O) has mean 0 and variance
||W||_F^2 / d exactly, whatever W is. Source: theory notes 3.4.
"""

import numpy as np
from numpy.typing import ArrayLike

from widthscope.attention.gram import FloatArray


def frames(draws: int, width: int, columns: int, generator: np.random.Generator) -> FloatArray:
    """The first `columns` columns of `draws` Haar rotations of O(width), (draws, width, columns).

    The Q factor of a Gaussian matrix with the signs of R's diagonal taken off is Haar (Stewart 1980);
    `columns` = `width` gives whole rotations.

    Raises:
        ValueError: unless 1 <= columns <= width.
    """
    if not 1 <= columns <= width:
        raise ValueError(f"{columns} columns of a rotation in {width} dimensions: allowed are 1 to {width}")
    basis, triangle = np.linalg.qr(generator.standard_normal((draws, width, columns)))
    signs = np.where(np.diagonal(triangle, axis1=-2, axis2=-1) < 0, -1.0, 1.0)
    return np.asarray(basis * signs[:, None, :], dtype=np.float64)


def null_scores(
    singular_values: ArrayLike, width: int, draws: int, generator: np.random.Generator
) -> FloatArray:
    r"""Draws of the trace score z of heads with these singular values under the Haar null, (..., draws).

    With W = U diag(s) V^T, tr(W O) = sum_i s_i (V^T O U)_ii, and V^T O U has the law of a corner of O, so
    that only frames of as many columns as there are singular values are drawn: O(width head_dim^2) a draw.
    Heads share the draws.

    Args:
        singular_values: (..., r) of W, in any unit, r <= width.
        width: d.
        draws: number of rotations.
        generator: the stream they come from.

    Returns:
        (..., draws); NaN for a head without a singular value above zero.
    """
    s = np.asarray(singular_values, dtype=np.float64)
    norm = np.linalg.norm(s, axis=-1, keepdims=True)
    weights = s * np.sqrt(width) / np.where(norm > 0, norm, np.nan)
    rank = s.shape[-1]
    # A block of draws at a time: 32 MiB of frames.
    block = max(1, 2**22 // (width * rank))
    blocks = (min(block, draws - start) for start in range(0, draws, block))
    corners = [
        np.diagonal(frames(size, width, rank, generator)[:, :rank], axis1=-2, axis2=-1) for size in blocks
    ]
    return np.asarray(weights @ np.concatenate(corners).T, dtype=np.float64)


def excess_kurtosis(singular_values: ArrayLike, width: int) -> FloatArray:
    """Exact excess kurtosis of z under the Haar null, -6 (d s - 1) / ((d - 1)(d + 2)), for d >= 2.

    s = sum s_i^4 / (sum s_i^2)^2 is at least 1/d (W a multiple of a rotation: no excess) and at most 1 (rank
    one: z / sqrt(d) is a coordinate of a unit vector). It is never positive: a normal tail is too heavy.
    Derived from the fourth moments of Haar matrices, E O_11^4 = 3 / (d (d + 2)).
    """
    squares = np.asarray(singular_values, dtype=np.float64) ** 2
    total = squares.sum(-1)
    share = (squares**2).sum(-1) / np.where(total > 0, total, np.nan) ** 2
    return np.asarray(-6 * (width * share - 1) / ((width - 1) * (width + 2)), dtype=np.float64)
