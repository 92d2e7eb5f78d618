"""The network itself: effective weights of its paths, their overlaps, and outputs as a sum over paths.

Weights are a list over the maps from input to output, each (..., H, rows, columns): V^0 (1, N_1, N0), the
values V^l (H_l, N_{l+1}, N_l) of layers 1..L with N_{L+1} = N_a, and the readout a (1, 1, N_a). Any number of
dimensions may lead, such as chains.
"""

import math

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
