r"""What a trained network computes without some of its heads, from the contributions of its paths.

Attention reads the tokens themselves at every layer, so the output is exactly a sum over attention paths,

    f(x) = (D N_1 N_0)^{-1/2} sum_pi w_pi V^0 xi_pi(x) ,

w_pi being the effective weights of a path and xi_pi its input (arXiv:2405.15926). A head that is pruned takes
all paths through it along; with H'_l heads left in layer l, that layer divides by sqrt(H'_l) in place of
sqrt(H_l). One table of contributions (examples, paths) therefore answers for every set of heads. The new
divisor scales all outputs alike: it changes losses, and no sign.
"""

from collections.abc import Sequence
from math import prod, sqrt

import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.given_numbers import Numbers, as_float64


def effective_weights(values: Tensor | Sequence[Numbers], readout: Numbers) -> Tensor:
    r"""Effective weights of all paths at the first layer, W^{(1)}, (D, N_1), in float64.

    Args:
        values: value matrices (H_l, out, in) of layers 1..L; widths may differ from layer to layer.
        readout: (N_a,).

    Raises:
        PosteriorError: if the shapes do not follow one another.
    """
    weights = as_float64(readout, "readout weights")[None]
    if weights.dim() != 2:
        raise PosteriorError(f"readout weights have shape (N_a,), not {tuple(weights.shape[1:])}")
    layers = [as_float64(each, "values") for each in values]
    for layer, each in reversed(list(enumerate(layers, start=1))):
        width = weights.shape[-1]
        if each.dim() != 3 or each.shape[1] != width:
            raise PosteriorError(
                f"values of layer {layer} have shape (H, {width}, in), not {tuple(each.shape)}"
            )
        # The head of the layer that comes last here, the first, is the slowest part of a path's index.
        weights = (weights @ each / sqrt(width)).flatten(0, 1)
    return weights


def trained_order_parameter(values: Tensor | Sequence[Numbers], readout: Numbers) -> Tensor:
    """Overlaps W W^T / N_1 of the effective weights of a network's paths, (D, D)."""
    weights = effective_weights(values, readout)
    return weights @ weights.T / weights.shape[1]


def contributions(
    values: Tensor | Sequence[Numbers], readout: Numbers, value_0: Numbers, inputs: Numbers
) -> Tensor:
    """What each path adds to the output of each example, (P, D); their sum is the output.

    Args:
        values, readout: as for `effective_weights`.
        value_0: (N_1, N_0) input map.
        inputs: (P, D, N_0) path inputs.

    Raises:
        PosteriorError: if the shapes do not fit.
    """
    weights = effective_weights(values, readout)
    entry, xi = as_float64(value_0, "input weights"), as_float64(inputs, "path inputs")
    if entry.dim() != 2 or len(entry) != weights.shape[1]:
        raise PosteriorError(f"value_0 has shape ({weights.shape[1]}, N_0), not {tuple(entry.shape)}")
    maps = weights @ entry
    if xi.dim() != 3 or xi.shape[1:] != maps.shape:
        raise PosteriorError(
            f"path inputs have shape (P, {len(maps)}, {maps.shape[1]}), not {tuple(xi.shape)}"
        )
    return torch.einsum("pdn,dn->pd", xi, maps) / sqrt(maps.numel() * len(entry))


def members_of_heads(heads: Sequence[int]) -> Tensor:
    """Which paths pass each head, (sum of heads, D) bool; heads layer after layer."""
    grids = torch.meshgrid(*(torch.arange(each) for each in heads), indexing="ij")
    return torch.cat(
        [torch.arange(each)[:, None] == grid.flatten() for each, grid in zip(heads, grids, strict=True)]
    )


def pruned_outputs(parts: Tensor, kept: Tensor, heads: Sequence[int]) -> Tensor:
    """Outputs with only the kept heads, (..., P).

    Args:
        parts: (P, D) contributions of the paths.
        kept: (..., sum of heads) bool, at least one head in each layer.
        heads: by layer.

    Raises:
        PosteriorError: if a layer has no head left.
    """
    layers = torch.arange(len(heads)).repeat_interleave(torch.tensor(heads))
    left = torch.stack([kept[..., layers == layer].sum(dim=-1) for layer in range(len(heads))], dim=-1)
    if not bool((left > 0).all()):
        raise PosteriorError(
            f"a layer of heads {tuple(heads)} would be left without any, at least 1 must stay"
        )
    members = members_of_heads(heads)
    lost = (~kept).to(parts.dtype) @ members.to(parts.dtype)
    scale = (prod(heads) / left.prod(dim=-1).to(parts.dtype)).sqrt()
    return (lost == 0).to(parts.dtype) * scale[..., None] @ parts.T


def accuracy(outputs: Tensor, labels: Tensor) -> Tensor:
    """Share of the examples whose output has the sign of the label, (...) of outputs (..., P)."""
    return (outputs * labels > 0).double().mean(dim=-1)


def single_head_drops(parts: Tensor, labels: Tensor, heads: Sequence[int]) -> Tensor:
    """Accuracy that is lost by pruning each head alone, (sum of heads,)."""
    count = sum(heads)
    kept = torch.ones((count + 1, count), dtype=torch.bool)
    kept[torch.arange(count) + 1, torch.arange(count)] = False
    found = accuracy(pruned_outputs(parts, kept, heads), labels)
    return found[0] - found[1:]
