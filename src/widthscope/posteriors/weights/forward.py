"""The network itself: outputs of given weights, token by token as it is defined, and as a sum over paths.

Weights are a list over the maps from input to output, each (..., H, rows, columns): V^0 (1, N_1, N0), the
values V^l (H_l, N_{l+1}, N_l) of layers 1..L with N_{L+1} = N_a, and the readout a (1, 1, N_a). Any number of
dimensions may lead, such as chains.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from widthscope.path_theory.network import Network

Weights = list[Tensor]


def shapes(network: Network, features: int) -> list[tuple[int, int, int]]:
    """(H, rows, columns) of V^0, V^1..V^L and a, for N0 input features."""
    heads = (1, *network.heads, 1)
    columns = (features, *network.widths)
    rows = (*network.widths, 1)
    return list(zip(heads, rows, columns, strict=True))


def prior_variances(network: Network) -> tuple[float, ...]:
    """Prior variance of an entry of V^0, V^1..V^L and a."""
    return (network.input_variance, *network.value_variances, network.readout_variance)


def prior_weights(
    network: Network, features: int, generator: torch.Generator, batch: tuple[int, ...] = ()
) -> Weights:
    """Weights drawn from the prior, normal and independent, with leading dimensions `batch`; float64."""
    return [
        math.sqrt(variance) * torch.randn(*batch, *shape, generator=generator, dtype=torch.float64)
        for shape, variance in zip(shapes(network, features), prior_variances(network), strict=True)
    ]


def token_forward(
    weights: Weights, tokens: Tensor, attentions: Sequence[Tensor], readout: str = "last"
) -> Tensor:
    """Outputs f (P,) of one set of weights, by the definition of the network, layer by layer on all tokens.

    With z^0_t = V^0 x_t / sqrt(N0) and z^l_t = sum_h sum_s V^{lh} z^{l-1}_s Omega^{lh}_{st} / sqrt(H_l N_l),
    f = a . z^L_read / sqrt(N_a). Only a check of the sum over paths: nothing here is fast.

    Args:
        weights: without leading dimensions.
        tokens: (P, T, N0).
        attentions: Omega (P, H_l, T, T) of layers 1..L, entry [key s, query t].
        readout: "last", "first", or "mean" over query tokens.

    Source: arXiv:2405.15926.
    """
    hidden = tokens @ weights[0][0].mT / math.sqrt(tokens.shape[-1])
    for values, attention in zip(weights[1:-1], attentions, strict=True):
        heads, _, width = values.shape
        seen = torch.einsum("phst,psn->phtn", attention, hidden)
        hidden = torch.einsum("hmn,phtn->ptm", values, seen) / math.sqrt(heads * width)
    read = {"last": hidden[:, -1], "first": hidden[:, 0], "mean": hidden.mean(1)}[readout]
    return read @ weights[-1][0, 0] / math.sqrt(read.shape[-1])


def effective_weights(weights: Weights) -> list[Tensor]:
    """W^{(1)}..W^{(L)} and a, each (..., d_l, N_l): what the maps above a layer make of its hidden units.

    W^{(L+1)} = a, and row (h, pi) of W^{(l)} is w^{(l+1)}_pi V^{lh} / sqrt(N_{l+1}).

    Source: derived in the theory notes, 2.
    """
    rows = weights[-1].squeeze(-3)
    found = [rows]
    for values in reversed(weights[1:-1]):
        products = rows.unsqueeze(-3) @ values / math.sqrt(rows.shape[-1])
        rows = products.flatten(-3, -2)
        found.append(rows)
    return found[::-1]


def order_parameter(weights: Weights) -> Tensor:
    """U = W^{(1)} W^{(1)T} / N_1 (..., D, D): the overlaps of the paths' effective weights."""
    rows = effective_weights(weights)[0]
    return rows @ rows.mT / rows.shape[-1]


def path_vectors(weights: Weights) -> Tensor:
    """Vectors q_pi (..., D, N0) with f(x) = sum_pi q_pi . xi_pi(x): w_pi V^0 / sqrt(D N_1 N0)."""
    rows = effective_weights(weights)[0]
    first = weights[0].squeeze(-3)
    paths, width = rows.shape[-2:]
    return rows @ first / math.sqrt(paths * width * first.shape[-1])


def path_forward(weights: Weights, inputs: Tensor) -> Tensor:
    """Outputs f (..., P) of path inputs (P, D, N0), as a sum over paths."""
    return path_vectors(weights).flatten(-2) @ inputs.flatten(1).mT
