"""Scores of a layer from what the loader read of it: queries, keys, biases, norm and rotary positions."""

import numpy as np

from widthscope.checkpoints.checkpoint import Checkpoint, LayerHeads
from widthscope.spectra.folding import fold_norm, folded_bias
from widthscope.spectra.rotary import Rotary, rotated

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def rebuilt_scores(layer: LayerHeads, tokens: Floats, epsilon: float, rotary: Rotary | None = None) -> Floats:
    """Scores (H, T, T), query by key, up to a constant over the keys.

    A norm in front is folded into queries and keys, W diag(γ) P, which then act on x/σ; its bias β adds W_Q β
    to the query's bias. What the key's bias and W_K β add is constant over the keys (theory notes 3.7).

    Args:
        layer: what was read.
        tokens: (T, d), what enters the norm, or attention if there is no norm.
        epsilon: what the norm adds to the variance.
        rotary: how positions 0 ... T - 1 turn queries and keys; None if all tokens are at one position. With
            it there must be neither a bias of the key nor of the norm: turned, they matter to the softmax.
    """
    query, key, bias = layer.query, layer.key, layer.query_bias
    if layer.norm_gain is not None:
        centred = layer.norm_kind == "layer"
        bias = folded_bias(query, bias, layer.norm_bias)
        query, key = (fold_norm(one, layer.norm_gain, centred=centred) for one in (query, key))
        square = tokens.var(axis=-1) if centred else np.mean(tokens**2, axis=-1)
        tokens = tokens / np.sqrt(square + epsilon)[:, None]
    queries = np.einsum("hkd,sd->hsk", query, tokens)
    if bias is not None:
        queries = queries + bias[:, None]
    if rotary is None:
        return np.asarray(layer.scale * np.einsum("hsk,hkd,td->hst", queries, key, tokens, optimize=True))
    return layer.scale * _at_offsets(queries, key, tokens, rotary)


def rotary_of(checkpoint: Checkpoint) -> Rotary:
    """The checkpoint's rotary positions, as `widthscope.spectra.rotary` takes them.

    Raises:
        ValueError: if it has none, or the file does not tell its base.
    """
    found = checkpoint.rotary
    if found is None:
        raise ValueError(f"{checkpoint.path} has no rotary positions")
    return found.turning()


def _at_offsets(queries: Floats, key: Floats, tokens: Floats, rotary: Rotary) -> Floats:
    """Products of queries (H, T, d_h) and keys turned by the offset of the key from the query."""
    count = len(tokens)
    scores = np.empty((len(queries), count, count))
    for offset in range(1 - count, count):
        products = queries @ (rotated(key, offset, rotary) @ tokens.T)
        s = np.arange(max(0, -offset), min(count, count - offset))
        scores[:, s, s + offset] = products[:, s, s + offset]
    return scores
