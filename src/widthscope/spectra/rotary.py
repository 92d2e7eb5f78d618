r"""Heads with rotary positions: one matrix W(Delta) for each offset Delta of the key from the query.

The score of positions s and t is x_s^T W_Q^T R_{t-s} W_K x_t scale, R_Delta turning each pair (a, b) of
coordinates by Delta theta_i, theta_i = base^(-2 i / rotary_dim). W(0) = W is the content matrix. Source:
theory notes 3.7; Su et al., arXiv:2104.09864.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from widthscope.attention.gram import FloatArray

Pairing = Literal["half-split", "interleaved"]


@dataclass(frozen=True)
class Rotary:
    """How a checkpoint turns its queries and keys.

    Attributes:
        pairing: "half-split" pairs coordinate i with i + rotary_dim / 2 (Llama, NeoX), "interleaved" 2 i
            with 2 i + 1 (GPT-J, the paper).
        base: of the frequencies.
        rotary_dim: number of leading coordinates that are turned; all where None.
    """

    pairing: Pairing = "half-split"
    base: float = 10_000.0
    rotary_dim: int | None = None

    def pairs(self, head_dim: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """First and second coordinates of each pair.

        Raises:
            ValueError: if the number of coordinates that are turned is odd or above head_dim.
        """
        turned = head_dim if self.rotary_dim is None else self.rotary_dim
        if turned % 2 or not 0 < turned <= head_dim:
            raise ValueError(f"rotary_dim is {turned}, allowed are even numbers from 2 to {head_dim}")
        index = np.arange(turned // 2)
        if self.pairing == "half-split":
            return index, index + turned // 2
        return 2 * index, 2 * index + 1

    def angles(self, offsets: ArrayLike, head_dim: int) -> FloatArray:
        """Delta theta_i, shape (offset, pair)."""
        first, _ = self.pairs(head_dim)
        frequencies = self.base ** (-np.arange(len(first)) / len(first))
        return np.multiply.outer(np.asarray(offsets, dtype=np.float64), frequencies)


def rotated(key: ArrayLike, offset: float, rotary: Rotary) -> FloatArray:
    """R_Delta W_K (..., head_dim, width): with it, `query_key` gives spectrum and traces of W(Delta)."""
    W_K = np.array(key, dtype=np.float64)
    first, second = rotary.pairs(W_K.shape[-2])
    angle = rotary.angles(offset, W_K.shape[-2])[:, None]
    a, b = W_K[..., first, :], W_K[..., second, :]
    W_K[..., first, :] = np.cos(angle) * a - np.sin(angle) * b
    W_K[..., second, :] = np.sin(angle) * a + np.cos(angle) * b
    return W_K


def trace_curve(
    query: ArrayLike, key: ArrayLike, offsets: ArrayLike, rotary: Rotary, scale: float | None = None
) -> FloatArray:
    """tr W(Delta) for every offset, (..., offset), in O(width head_dim) for all of them.

    Only the pairs' own entries of N = W_K W_Q^T count: cos(Delta theta)(N_aa + N_bb) + sin(Delta theta)(N_ab
    - N_ba), plus the diagonal of what is not turned.

    Args:
        query: W_Q (..., head_dim, width).
        key: W_K, of the same shape.
        offsets: (offset,) Delta = t - s, position of the key minus that of the query: zero or less if causal.
        rotary: pairing, base and number of coordinates.
        scale: factor of the score; 1 / sqrt(head_dim) where None.
    """
    W_Q, W_K = np.asarray(query, dtype=np.float64), np.asarray(key, dtype=np.float64)
    head_dim = W_Q.shape[-2]
    factor = head_dim**-0.5 if scale is None else float(scale)
    first, second = rotary.pairs(head_dim)
    angles = rotary.angles(np.atleast_1d(offsets), head_dim)
    diagonal = np.einsum("...hd,...hd->...h", W_K, W_Q)
    turning = np.einsum("...hd,...hd->...h", W_K[..., first, :], W_Q[..., second, :]) - np.einsum(
        "...hd,...hd->...h", W_K[..., second, :], W_Q[..., first, :]
    )
    still = np.ones(head_dim, dtype=bool)
    still[first] = still[second] = False
    even = (diagonal[..., first] + diagonal[..., second]) @ np.cos(angles).T
    odd = turning @ np.sin(angles).T
    return np.asarray(factor * (diagonal[..., still].sum(-1)[..., None] + even + odd), dtype=np.float64)
