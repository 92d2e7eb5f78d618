"""Slow and literal ways to what the package computes fast: weights of the prior, and outputs."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from widthscope.path_theory.network import Network
from widthscope.posteriors.weights.forward import Weights, path_vectors, prior_variances, shapes


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
    f = a . z^L_read / sqrt(N_a).

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


def path_forward(weights: Weights, inputs: Tensor) -> Tensor:
    """Outputs f (..., P) of path inputs (P, D, N0), as a sum over paths."""
    return path_vectors(weights).flatten(-2) @ inputs.flatten(1).mT
