r"""A pre-norm's gain and centring folded into the projections that follow it, and what biases add to scores.

LayerNorm(x) = gamma * (P x) / sigma + beta with P = I - 1 1^T / d, RMSNorm the same without P and beta. The
score of normalised tokens is therefore that of W_eff = P diag(gamma) W diag(gamma) P between x / sigma, plus
terms of which only one, linear in the key, survives softmax. Source: theory notes 3.7.
"""

import numpy as np
from numpy.typing import ArrayLike

from widthscope.attention.gram import FloatArray


def fold_norm(weights: ArrayLike, gain: ArrayLike, *, centred: bool) -> FloatArray:
    """W_Q diag(gamma) P, or W_Q diag(gamma) where not centred; the same for W_K.

    Args:
        weights: (..., head_dim, width).
        gain: gamma (width,).
        centred: True for LayerNorm, which takes off the mean over the width; False for RMSNorm.
    """
    scaled = np.asarray(weights, dtype=np.float64) * np.asarray(gain, dtype=np.float64)
    return np.asarray(scaled - scaled.mean(-1, keepdims=True) if centred else scaled, dtype=np.float64)


def folded_bias(
    weights: ArrayLike, bias: ArrayLike | None = None, shift: ArrayLike | None = None
) -> FloatArray:
    """b + W beta (..., head_dim): the bias of a projection after a norm that adds beta.

    Args:
        weights: raw W_Q or W_K (..., head_dim, width), before `fold_norm`.
        bias: b (..., head_dim); zero where None.
        shift: beta (width,); zero where None.
    """
    W = np.asarray(weights, dtype=np.float64)
    added = np.zeros(W.shape[:-1]) if shift is None else W @ np.asarray(shift, dtype=np.float64)
    return np.asarray(added if bias is None else added + np.asarray(bias, dtype=np.float64))


def key_preference(key: ArrayLike, query_bias: ArrayLike, scale: float | None = None) -> FloatArray:
    """v = scale W_K^T b_Q (..., width): the score gains v^T x_t for key t, whatever the query.

    The only trace that biases leave in the attention: b_K adds to all keys alike, which softmax ignores.

    Args:
        key: W_K (..., head_dim, width), folded where tokens are normalised.
        query_bias: b_Q (..., head_dim), with beta folded in.
        scale: factor of the score; 1 / sqrt(head_dim) where None.
    """
    W_K = np.asarray(key, dtype=np.float64)
    factor = W_K.shape[-2] ** -0.5 if scale is None else float(scale)
    return np.asarray(factor * np.einsum("...hd,...h->...d", W_K, np.asarray(query_bias, dtype=np.float64)))
