"""Measures of the two collapses of attention: entropy of its rows, and diversity of the tokens it gives out.

NumPy float64. Attention A is (..., s, t): rows are queries and sum to one over the keys that they see. Tokens
X are rows, (..., t, d), so that attention gives out A X. *Entropy collapse* is an entropy near 0, *rank
collapse* a relative residual near 0. Source: theory notes (docs/theory/qk_spectrum.md) 3.5.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from widthscope.attention.gram import FloatArray


def attention_entropy(attention: ArrayLike, visible: ArrayLike | None = None) -> FloatArray:
    """Mean over rows of -sum_t A log A / log(number of keys that the row sees), between 0 and 1.

    Rows that see one key (the first of a causal head) have no choice, and are left out.

    Args:
        attention: (..., s, t).
        visible: boolean (s, t), True where the query (row) sees the key; all where None.

    Returns:
        (...); 1 for uniform attention, 0 for attention on single keys.

    Raises:
        ValueError: if no row sees two keys.
    """
    A = np.asarray(attention, dtype=np.float64)
    seen = np.ones(A.shape[-2:], bool) if visible is None else np.asarray(visible, dtype=bool)
    keys = seen.sum(-1)
    choosing = keys > 1
    if not choosing.any():
        raise ValueError(f"no row of the {A.shape[-2:]} attention sees two keys, so it has no entropy")
    rows = A[..., choosing, :]
    entropy = special.entr(np.where(seen[choosing], rows, 0.0)).sum(-1) / np.log(keys[choosing])
    return np.asarray(entropy.mean(-1), dtype=np.float64)


def residual(tokens: ArrayLike) -> FloatArray:
    """res(X) = ||X - 1 mean(X)||_F of tokens X (..., t, d): 0 where all tokens are one vector."""
    X = np.asarray(tokens, dtype=np.float64)
    return np.asarray(np.linalg.norm(X - X.mean(-2, keepdims=True), axis=(-2, -1)), dtype=np.float64)


def relative_residual(attention: ArrayLike, tokens: ArrayLike) -> FloatArray:
    """R = res(A X) / res(X), the share of the tokens' diversity that attention keeps; (...).

    0 under uniform attention without a mask (rank collapse), 1 for A = I; NaN where X has no diversity.
    """
    X = np.asarray(tokens, dtype=np.float64)
    before = residual(X)
    return residual(np.asarray(attention, dtype=np.float64) @ X) / np.where(before > 0, before, np.nan)


def attention_distance(attention: ArrayLike) -> FloatArray:
    """Mean over rows of sum_t A_st |s - t|, in positions; (...)."""
    A = np.asarray(attention, dtype=np.float64)
    rows, keys = (np.arange(size) for size in A.shape[-2:])
    distance = np.abs(rows[:, None] - keys)
    return np.asarray((A * distance).sum(-1).mean(-1), dtype=np.float64)
