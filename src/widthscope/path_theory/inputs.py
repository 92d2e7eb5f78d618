"""Effective inputs of attention paths: the tokens averaged by a path's product of attention matrices."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.given_numbers import Numbers, as_tensor
from widthscope.path_theory.memory_limit import refuse_too_large

Readout = Literal["last", "first", "mean"]

_ONE = 1e-2  # how far from 1 the sums of half-precision attention may be
_NOT_ONE = 1e-4  # how far from 1 a sum of single-precision attention is not by rounding


def path_inputs(tokens: Numbers, attentions: Sequence[Numbers], readout: Readout) -> Tensor:
    """Path inputs xi (P, D, N0), float64, of tokens (P, T, N0) and attentions (P, H_l, T, T) of layers 1..L.

    The path pi = (h_1..h_L) weighs the tokens by v = Omega^{1 h_1} ... Omega^{L h_L} r, with r the last or
    the first query token or the mean over query tokens; xi_pi = sum_s x_s v_s. The layer-1 head is the
    slowest index of pi. Cost: P T^2 (H_L + H_{L-1} H_L + ... + D) + P T N0 D multiplications; no product of
    attention matrices is formed.

    Tensors, NumPy arrays or lists. Attention matrices have the key token as row and the query as column;
    softmax attention has columns that sum to one. Attention that is no softmax is taken as it is.

    Source: derived in the theory notes, 2.

    Raises:
        PosteriorError: if the shapes do not fit, there is no layer, the readout is unknown, a number is not
            finite, attention has the query token as row, or, before anything is allocated, if memory would
            not do.
    """
    return _of_tensors(
        as_tensor(tokens, "tokens", "`streaming.path_input_blocks` takes one"),
        _by_layer(attentions),
        readout,
    )


def _by_layer(attentions: Sequence[Numbers]) -> list[Tensor]:
    """Attention matrices as a list of tensors; the layers of one array of five dimensions one by one."""
    shape = tuple(getattr(attentions, "shape", ()))
    if shape and len(shape) != 5:
        raise PosteriorError(
            f"attentions are a list with one tensor (P, H, T, T) a layer, not one tensor of shape {shape}"
        )
    try:
        layers = list(attentions)
    except TypeError:
        raise PosteriorError(
            "attentions are a list with one tensor (P, H, T, T) a layer, "
            f"not this {type(attentions).__name__}"
        ) from None
    return [as_tensor(one, f"attention matrices of layer {k}") for k, one in enumerate(layers, start=1)]


def _of_tensors(tokens: Tensor, attentions: list[Tensor], readout: Readout) -> Tensor:
    if tokens.dim() != 3 or tokens.shape[1] == 0:
        raise PosteriorError(f"tokens have shape (P, T, N0) with T >= 1, not {tuple(tokens.shape)}")
    if not attentions:
        raise PosteriorError("path inputs need the attention matrices of at least one layer, none were given")
    examples, length, features = tokens.shape
    for layer, attention in enumerate(attentions, start=1):
        if attention.dim() != 4 or (attention.shape[0], *attention.shape[2:]) != (examples, length, length):
            raise PosteriorError(
                f"the attention of layer {layer} has shape (P, H, T, T) with P = {examples} and T = {length}"
                f", not {tuple(attention.shape)}"
            )
    paths = math.prod(attention.shape[1] for attention in attentions)
    refuse_too_large(
        f"inputs of {paths} attention paths and {examples} examples",
        8 * examples * paths * (2 * length + features),
        "take fewer heads, layers or examples",
    )
    _check_finite(tokens, "tokens")
    for layer, attention in enumerate(attentions, start=1):
        _check_finite(attention, f"attention matrices of layer {layer}")
        _check_keys_first(attention, layer)
    # weights: (P, T, paths through the layers done so far), the head done last being the slowest.
    weights = _readout_weights(readout, length).to(tokens.device).expand(examples, length).unsqueeze(-1)
    for attention in reversed(attentions):
        moved = attention.double() @ weights[:, None]
        weights = moved.permute(0, 2, 1, 3).reshape(examples, length, -1)
    return weights.mT @ tokens.double()


def _check_finite(numbers: Tensor, what: str) -> None:
    finite = torch.isfinite(numbers).flatten(1).all(1)
    if not bool(finite.all()):
        raise PosteriorError(f"the {what} of example {int((~finite).nonzero()[0])} are not all finite")


def _check_keys_first(attention: Tensor, layer: int) -> None:
    """Refuse attention (P, H, T, T) of which a matrix has rows, and no columns, that sum to one.

    Of T columns that sum to at most one, as those of softmax attention do, padded or not, no one can be less
    if all rows sum to one: attention with keys first is never taken for transposed.
    """
    rows = _from_one(attention, dim=-1)
    if not bool((rows <= _ONE).any()):
        return
    columns = _from_one(attention, dim=-2)
    if bool(((rows <= _ONE) & (columns > _NOT_ONE) & (columns > 10.0 * rows)).any()):
        raise PosteriorError(
            f"attention of layer {layer} has rows that sum to one and columns that do not: keys must be the "
            "first of the last two axes; transpose it"
        )


def _from_one(attention: Tensor, dim: int) -> Tensor:
    """How far from 1 the sums over a dimension are at most, (P, H)."""
    found: Tensor = (attention.sum(dim=dim).double() - 1.0).abs().amax(dim=-1)
    return found


def _readout_weights(readout: str, length: int) -> Tensor:
    weights = torch.zeros(length, dtype=torch.float64)
    match readout:
        case "last":
            weights[-1] = 1.0
        case "first":
            weights[0] = 1.0
        case "mean":
            weights[:] = 1.0 / length
        case _:
            raise PosteriorError(f"the readout is one of last, first and mean, not {readout!r}")
    return weights
