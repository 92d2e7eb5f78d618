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

from widthscope.errors import PosteriorError
from widthscope.path_theory.energy import energy, energy_gradient
from widthscope.path_theory.entropy import entropy, entropy_gradients, inverses_and_logdets, readout_gradient
from widthscope.path_theory.order_parameters import OrderParameters, partial_trace
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
        PosteriorError: if K(U_1) + T I or one of U_1..U_L is not positive definite.
    """
    data = float(energy(problem, order.matrices[0]))
    inverses, logdets = inverses_and_logdets(_factors(order))
    rest = float(entropy(problem.network, _readout(order), order.matrices, inverses, logdets))
    return Action(data + rest, data, rest)


def action_gradient(problem: Problem, order: OrderParameters) -> tuple[float, tuple[Tensor, ...]]:
    """dS/du and (dS/dU_1, .., dS/dU_L), symmetric; a change dU changes S by the sum of dS/dU * dU.

    Raises:
        PosteriorError: if K(U_1) + T I or one of U_1..U_L is not positive definite.
    """
    _, slope = energy_gradient(problem, order.matrices[0])
    inverses, _ = inverses_and_logdets(_factors(order))
    network, u = problem.network, _readout(order)
    first, *rest = entropy_gradients(network, u, order.matrices, inverses)
    return float(readout_gradient(network, u, order.matrices[-1])), (first + slope, *rest)


def residuals(problem: Problem, order: OrderParameters) -> tuple[float, ...]:
    """How far the order parameters are from stationary: for u, U_1, .., U_L, free of scale.

    max |Lambda^T (dS/dU) Lambda| / max(N), with U = Lambda Lambda^T: the change of S / max(N) per relative
    change of U. All are 0 at a minimum.
    """
    slope, gradients = action_gradient(problem, order)
    width = max(problem.network.widths)
    found = [abs(slope) * order.readout / width]
    for factor, gradient in zip(_factors(order), gradients, strict=True):
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


def _readout(order: OrderParameters) -> Tensor:
    return torch.tensor(order.readout, dtype=torch.float64)


def _factors(order: OrderParameters) -> tuple[Tensor, ...]:
    """Lower Cholesky factors of U_1..U_L."""
    found = []
    for layer, matrix in enumerate(order.matrices, start=1):
        factor, failed = torch.linalg.cholesky_ex(matrix)
        if int(failed):
            raise PosteriorError(f"the order parameters of layer {layer} are not positive definite")
        found.append(factor)
    return tuple(found)
