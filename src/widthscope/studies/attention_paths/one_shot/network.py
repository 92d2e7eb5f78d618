"""The network of the theory with queries, keys and all else learned, many members at once.

Attention reads the tokens themselves in every layer and the values' way is linear, so that the output is

    f = (D N N_0)^-1/2 sum_pi w_pi V^0 xi_pi,

a sum over paths pi, one head of each layer, of an effective weight times the path's input xi_pi (derived in
the theory notes, 2). So an episode costs its attention matrices and little else, whatever the width.

Parameters by name, L layers of H heads, width N, heads of dimension G, tokens of width N_0: ``queries`` and
``keys`` (member, L, H, G, N_0), ``value_0`` (member, N, N_0), ``values`` (member, L, H, N, N), ``readout``
(member, N). Layers run from the first to the last; layer 1's head is the slowest part of a path's index.
"""

import math

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.parameters import Parameters


def initial(
    generator: torch.Generator, layers: int, heads: int, key_dim: int, width: int, features: int
) -> Parameters:
    """One network in float64: weights of the theory's prior, N(0, 1), and queries and keys N(0, 1 / N_0)."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    return {
        "queries": normal(layers, heads, key_dim, features) / math.sqrt(features),
        "keys": normal(layers, heads, key_dim, features) / math.sqrt(features),
        "value_0": normal(width, features),
        "values": normal(layers, heads, width, width),
        "readout": normal(width),
    }


def path_weights(parameters: Parameters) -> Tensor:
    """Effective weights w (member, D, N) of all paths, as the rows of the theory's W^(1)."""
    values, weights = parameters["values"], parameters["readout"][:, None]
    for layer in reversed(range(values.shape[1])):
        weights = weights[:, None] @ values[:, layer] / math.sqrt(values.shape[-1])
        weights = weights.flatten(1, 2)
    return weights


def outputs(parameters: Parameters, tokens: Tensor) -> Tensor:
    """f (member, episode) of tokens (member, episode, T, N_0), with the mean over queries as readout."""
    members, episodes, count, features = tokens.shape
    layers, heads, key_dim = parameters["queries"].shape[1:4]
    rows = tokens.reshape(members, episodes * count, features)
    transposed = tokens.reshape(members * episodes, count, features).mT
    reading = None
    for layer in reversed(range(layers)):
        queries = parameters["queries"][:, layer] / math.sqrt(key_dim)
        bilinear = (parameters["keys"][:, layer].mT @ queries).transpose(1, 2).flatten(2)
        # (key, head) by query: the softmax over keys then runs along whole rows, and no copy is made.
        scores = torch.bmm((rows @ bilinear).reshape(members * episodes, count * heads, features), transposed)
        attention = torch.softmax(scores.view(-1, count, heads * count), dim=1)
        attention = attention.view(-1, count * heads, count)
        reading = attention.sum(dim=2) / count if reading is None else torch.bmm(attention, reading)
        reading = reading.reshape(members * episodes, count, -1)
    assert reading is not None
    weights = path_weights(parameters)
    paths, width = weights.shape[1:]
    projected = rows @ (weights @ parameters["value_0"]).mT / math.sqrt(paths * width * features)
    return (projected.view_as(reading) * reading).flatten(1).sum(dim=1).view(members, episodes)


def losses(parameters: Parameters, batch: Batch) -> Tensor:
    """Mean squared error (member,) on `tokens` (member, episode, T, N_0) with `labels` (member, episode)."""
    return (outputs(parameters, batch["tokens"]) - batch["labels"]).square().mean(dim=1)
