"""Deviations of mixing layers from dense forms, right and wrong ones, in units of what rounding allows."""

import torch
from torch import Tensor
from torch.nn import functional

from widthscope.mixers.mixing import initial_weights, mix_channels, mix_tokens, vec
from widthscope.mixers.monarch import monarch_matrix, monarch_product, shared_blocks
from widthscope.mixers.permuted_kronecker import dense
from widthscope.studies.pk_mixer.identities.dense_forms import (
    UNIT,
    commutation_matrix,
    one,
    product,
    rounding_bound,
    wide_block,
)

BLOCK_TOLERANCE = 1e-12
"""Of a whole block, relative to its largest output: thousands of roundings, far from the smallest mistake."""

Deviations = dict[str, tuple[float, float]]
"""By what is compared: deviation of the right and of the wrong formula, each in units of the tolerance."""


def drawn_weights(
    tokens: int, channels: int, expansion: int, generator: torch.Generator
) -> dict[str, Tensor]:
    """Weights of a mixer block with linear or GELU layers: w1, w2 of tokens and v1, v2 of channels."""
    shapes = {
        "w1": (expansion * tokens, tokens),
        "w2": (tokens, expansion * tokens),
        "v1": (expansion * channels, channels),
        "v2": (channels, expansion * channels),
    }
    drawn = {
        name: initial_weights(1, rows, columns, columns, 1.0, generator)[0]
        for name, (rows, columns) in shapes.items()
    }
    return drawn | {name: drawn[name].T.contiguous() for name in ("v1", "v2")}


def layer_deviations(table: Tensor, weights: dict[str, Tensor]) -> Deviations:
    """Token and channel mixing against I_C kron W, V^T kron I_S, and the latter by permutations.

    Wrong are the factors of the other order, as a row-major reshape would have them, and I_S kron V^T
    without its permutations.
    """
    tokens, channels = table.shape
    W, V = weights["w1"], weights["v1"]
    flat = vec(table)
    by_tokens = vec(mix_tokens(W, table.unsqueeze(1)).squeeze(1))
    by_channels = vec(mix_channels(table.unsqueeze(1), V).squeeze(1))
    inner = commutation_matrix(tokens, channels)
    outer = commutation_matrix(tokens, V.shape[1])
    across = product(one(tokens), V.T)
    cases = {
        "token mixing": (by_tokens, product(one(channels), W), product(W, one(channels)), tokens),
        "channel mixing": (by_channels, product(V.T, one(tokens)), across, channels),
        "channel mixing by permutations": (by_channels, outer.T @ across @ inner, across, channels),
    }
    found = {}
    for name, (fast, right, wrong, fan_in) in cases.items():
        bound = rounding_bound(right, flat, fan_in)
        found[name] = tuple(float((matrix @ flat - fast).abs().max()) / bound for matrix in (right, wrong))
    return {name: (right, wrong) for name, (right, wrong) in found.items()}


def mixer_block(table: Tensor, weights: dict[str, Tensor]) -> Tensor:
    """U = X + W2 gelu(W1 LN(X)), Y = U + gelu(LN(U) V1) V2 of a table (S, C); LN over the channels."""
    channels = table.shape[-1]
    X = table.unsqueeze(1)
    hidden = mix_tokens(weights["w1"], functional.layer_norm(X, (channels,)))
    U = X + mix_tokens(weights["w2"], functional.gelu(hidden))
    hidden = mix_channels(functional.layer_norm(U, (channels,)), weights["v1"])
    return (U + mix_channels(functional.gelu(hidden), weights["v2"])).squeeze(1)


def block_deviations(table: Tensor, weights: dict[str, Tensor]) -> Deviations:
    """The nonlinear block against the wide network; wrong is one whose layer norm averages over tokens."""
    found = vec(mixer_block(table, weights))
    scale = BLOCK_TOLERANCE * float(found.abs().max())
    tokens, channels = table.shape
    right, wrong = (
        float((wide_block(vec(table), weights, tokens, channels, groups) - found).abs().max()) / scale
        for groups in ("token", "channel")
    )
    return {"block": (right, wrong)}


def monarch_deviations(table: Tensor, weights: dict[str, Tensor]) -> Deviations:
    """The linear pair against a Monarch product with equal blocks; wrong is the one without permutations.

    Of matrices and of tables. Wrong for a table are blocks that are transposed.
    """
    tokens, channels = table.shape
    W, V = weights["w1"][:tokens], weights["v1"][:, :channels].contiguous()
    pair = product(V.T, W)
    blocks = shared_blocks(W, V)
    bare = product(one(tokens), V.T) @ product(one(channels), W)
    entry = UNIT * float(pair.abs().max())
    X = table.unsqueeze(1)
    mixed = mix_channels(mix_tokens(W, X), V)
    size = rounding_bound(pair, vec(table), tokens + channels)
    swapped = monarch_product(*shared_blocks(W.T, V), X)
    return {
        "matrix": (
            float((monarch_matrix(*blocks) - pair).abs().max()) / entry,
            float((bare - pair).abs().max()) / entry,
        ),
        "tables": (
            float((monarch_product(*blocks, X) - mixed).abs().max()) / size,
            float((swapped - mixed).abs().max()) / size,
        ),
    }


def densities(tokens: int, channels: int, weights: dict[str, Tensor]) -> dict[str, float]:
    """Shares of non-zero entries of the layers' dense matrices, counted."""
    units = tokens * channels
    found = {}
    for name, weight in (("token layer", weights["w1"]), ("channel layer", weights["v1"].T.contiguous())):
        matrix = dense(weight, units)
        found[name] = int(torch.count_nonzero(matrix)) / matrix.numel()
    return found
