"""The entropic part of the action: what the prior alone says of the order parameters; batched.

    N_a (u / sigma_a^2 - ln u)
    + sum_{l=1..L} N_l ( tr[U_{l+1}^{-1} p_l(U_l)] / sigma_l^2 - ln det U_l + H_l ln det U_{l+1} )

with U_{L+1} = u I: a chi-squared and a chain of Wisharts, each of N_l degrees of freedom given the matrix
above it, to leading order in the widths. Every array may have the same leading dimensions. Source: derived in
the theory notes, 3.
"""

import torch
from torch import Tensor

from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import over_heads, partial_trace, trace


def entropy(
    network: Network,
    u: Tensor,
    matrices: tuple[Tensor, ...],
    inverses: tuple[Tensor, ...],
    logdets: list[Tensor],
) -> Tensor:
    """The entropic part (...), of u (...), U_1..U_L (..., d_l, d_l), their inverses and ln det (...)."""
    log_u = u.log()
    total = network.widths[-1] * (u / network.readout_variance - log_u)
    for index, heads in enumerate(network.heads):
        if index == network.layers - 1:
            overlap, above = trace(matrices[index]) / u, log_u
        else:
            traced = partial_trace(matrices[index], heads)
            overlap, above = (inverses[index + 1] * traced).sum((-2, -1)), logdets[index + 1]
        term = overlap / network.value_variances[index] - logdets[index] + heads * above
        total = total + network.widths[index] * term
    return total


def entropy_gradients(
    network: Network, u: Tensor, matrices: tuple[Tensor, ...], inverses: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Derivatives (..., d_l, d_l) of the entropic part with respect to U_1..U_L; see `entropy`."""
    gradients = []
    for index, heads in enumerate(network.heads):
        width, variance = network.widths[index], network.value_variances[index]
        own = -width * inverses[index]
        if index == network.layers - 1:
            own.diagonal(dim1=-2, dim2=-1).add_((width / variance / u).unsqueeze(-1))
        else:
            own = own + over_heads((width / variance) * inverses[index + 1], heads)
        if index > 0:
            below_heads, below_width = network.heads[index - 1], network.widths[index - 1]
            traced = partial_trace(matrices[index - 1], below_heads)
            pulled = inverses[index] @ traced @ inverses[index] / network.value_variances[index - 1]
            own = own + below_width * (below_heads * inverses[index] - 0.5 * (pulled + pulled.mT))
        gradients.append(own)
    return tuple(gradients)


def readout_gradient(network: Network, u: Tensor, last: Tensor) -> Tensor:
    """The derivative (...) with respect to u, given u (...) and U_L (..., H_L, H_L)."""
    prior = network.widths[-1] * (1.0 / network.readout_variance - 1.0 / u)
    pulled = trace(last) / (network.value_variances[-1] * u * u)
    slope: Tensor = prior + network.widths[-2] * (network.heads[-1] / u - pulled)
    return slope


def inverses_and_logdets(factors: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], list[Tensor]]:
    """Inverses and ln det of the matrices that have these lower Cholesky factors."""
    inverses = tuple(torch.cholesky_inverse(factor) for factor in factors)
    return inverses, [2.0 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1) for factor in factors]
