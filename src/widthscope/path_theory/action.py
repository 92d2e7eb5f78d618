"""The action over the order parameters, its gradient, and identities that hold at its minima.

With p_l the partial trace over the heads of layer l and U_{L+1} = u I,

    S = E(U_1) + N_a (u / sigma_a^2 - ln u)
        + sum_{l=1..L} N_l ( tr[U_{l+1}^{-1} p_l(U_l)] / sigma_l^2 - ln det U_l + H_l ln det U_{l+1} ) .

p(U | data) is proportional to exp(-S / 2), up to what is o(N). Source: derived in the theory notes, 3;
arXiv:2405.15926.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.path_theory.energy import energy, energy_gradient
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import OrderParameters, over_heads, partial_trace
from widthscope.path_theory.problem import Problem


@dataclass(frozen=True)
class Action:
    """S and its two parts, the energy E(U_1) and the entropic rest."""

    value: float
    energy: float
    entropy: float


def action(problem: Problem, order: OrderParameters) -> Action:
    """The action of these order parameters.

    Raises:
        PosteriorError: if K(U_1) + T I is not positive definite.
    """
    data = float(energy(problem, order.matrices[0]))
    inverses = tuple(torch.linalg.inv(matrix) for matrix in order.matrices)
    rest = entropy(problem.network, order, inverses, tuple(float(m.logdet()) for m in order.matrices))
    return Action(data + rest, data, rest)


def action_gradient(problem: Problem, order: OrderParameters) -> tuple[float, tuple[Tensor, ...]]:
    """dS/du and (dS/dU_1, .., dS/dU_L), symmetric; a change dU changes S by the sum of dS/dU * dU.

    Raises:
        PosteriorError: if K(U_1) + T I is not positive definite.
    """
    _, slope = energy_gradient(problem, order.matrices[0])
    inverses = tuple(torch.linalg.inv(matrix) for matrix in order.matrices)
    upper = list(entropy_gradient(problem.network, order, inverses))
    upper[0] = upper[0] + slope
    return readout_gradient(problem.network, order), tuple(upper)


def entropy(
    network: Network, order: OrderParameters, inverses: tuple[Tensor, ...], logdets: tuple[float, ...]
) -> float:
    """The entropic part of the action, given the inverses and the ln det of U_1..U_L."""
    u = torch.tensor(order.readout, dtype=torch.float64)
    total = network.widths[-1] * (u / network.readout_variance - u.log())
    for index, (matrix, heads) in enumerate(zip(order.matrices, network.heads, strict=True)):
        traced = partial_trace(matrix, heads)
        last = index == network.layers - 1
        overlap = traced.trace() / u if last else (inverses[index + 1] * traced).sum()
        above = u.log() if last else logdets[index + 1]
        term = overlap / network.value_variances[index] - logdets[index] + heads * above
        total = total + network.widths[index] * term
    return float(total)


def entropy_gradient(
    network: Network, order: OrderParameters, inverses: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Derivatives of the entropic part with respect to U_1..U_L, given their inverses."""
    gradients = []
    for index, heads in enumerate(network.heads):
        width, variance = network.widths[index], network.value_variances[index]
        if index == network.layers - 1:
            prior = torch.eye(heads, dtype=torch.float64) / order.readout
        else:
            prior = over_heads(inverses[index + 1], heads)
        gradient = width * (prior / variance - inverses[index])
        if index > 0:
            below_heads, below_width = network.heads[index - 1], network.widths[index - 1]
            traced = (
                partial_trace(order.matrices[index - 1], below_heads) / network.value_variances[index - 1]
            )
            pulled = inverses[index] @ traced @ inverses[index]
            gradient = gradient + below_width * (below_heads * inverses[index] - pulled)
        gradients.append(0.5 * (gradient + gradient.mT))
    return tuple(gradients)


def readout_gradient(network: Network, order: OrderParameters) -> float:
    """dS/du."""
    u, width = order.readout, network.widths[-2]
    prior = network.widths[-1] * (1.0 / network.readout_variance - 1.0 / u)
    trace = float(order.matrices[-1].trace())
    return prior + width * (network.heads[-1] / u - trace / (network.value_variances[-1] * u * u))


def residuals(problem: Problem, order: OrderParameters) -> tuple[float, ...]:
    """How far the order parameters are from stationary: for u, U_1, .., U_L, free of scale.

    max |Lambda^T (dS/dU) Lambda| / max(N), with U = Lambda Lambda^T: the change of S / max(N) per relative
    change of U. All are 0 at a minimum.
    """
    slope, gradients = action_gradient(problem, order)
    width = max(problem.network.widths)
    found = [abs(slope) * order.readout / width]
    for matrix, gradient in zip(order.matrices, gradients, strict=True):
        factor = torch.linalg.cholesky(matrix)
        found.append(float((factor.mT @ gradient @ factor).abs().max()) / width)
    return tuple(found)


def virial(problem: Problem, order: OrderParameters) -> float:
    """tr(G K) + N_1 ( tr[U_2^{-1} p_1(U_1)] / sigma_1^2 - D ), which is 0 at every minimum of the action.

    tr(G K) is how E changes when U_1 is scaled. Source: derived in the theory notes, 3.
    """
    _, slope = energy_gradient(problem, order.matrices[0])
    network = problem.network
    traced = partial_trace(order.matrices[0], network.heads[0])
    overlap = (
        traced.trace() / order.readout
        if network.layers == 1
        else (torch.linalg.inv(order.matrices[1]) * traced).sum()
    )
    prior = network.widths[0] * (overlap / network.value_variances[0] - network.paths)
    return float((slope * order.matrices[0]).sum() + prior)
