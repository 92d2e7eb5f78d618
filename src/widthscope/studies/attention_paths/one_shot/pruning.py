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

from widthscope.studies.attention_paths.one_shot.network import path_weights


def effective_weights(values: Tensor, readout: Tensor) -> Tensor:
    r"""Effective weights of all paths at the first layer, W^{(1)}, (D, N_1).

    Args:
        values: (L, H, N, N) value matrices, [out, in].
        readout: (N,).
    """
    return path_weights({"values": values[None], "readout": readout[None]})[0]


def trained_order_parameter(values: Tensor, readout: Tensor) -> Tensor:
    """Overlaps W W^T / N_1 of the effective weights of a network's paths, (D, D)."""
    weights = effective_weights(values, readout)
    return weights @ weights.T / weights.shape[1]


def contributions(values: Tensor, readout: Tensor, value_0: Tensor, inputs: Tensor) -> Tensor:
    """What each path adds to the output of each example, (P, D); their sum is the output.

    Args:
        values, readout: as for `effective_weights`.
        value_0: (N_1, N_0) input map.
        inputs: (P, D, N_0) path inputs.
    """
    maps = effective_weights(values, readout) @ value_0
    return torch.einsum("pdn,dn->pd", inputs, maps) / sqrt(maps.numel() * len(value_0))


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
        ValueError: if a layer has no head left.
    """
    layers = torch.arange(len(heads)).repeat_interleave(torch.tensor(heads))
    left = torch.stack([kept[..., layers == layer].sum(dim=-1) for layer in range(len(heads))], dim=-1)
    if not bool((left > 0).all()):
        raise ValueError(f"a layer of heads {tuple(heads)} would be left without any, at least 1 must stay")
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
