r"""Predictive coding of a linear network: its equilibrium in closed form, and the Gauss-Newton target.

With W_{L:l} = W_L ... W_l and r = y - W_{L:1} x,

    C_gamma = sum_{i=2}^L (gamma_L / gamma_{i-1}) W_{L:i} W_{L:i}^T,
    e_L = (I + C_gamma)^-1 r,   e_l = (gamma_L / gamma_l) W_{L:l+1}^T e_L,   u_l = W_l u_{l-1} + e_l,
    F* = (gamma_L / 2) r^T (I + C_gamma)^-1 r .

gamma_L -> 0 gives the errors of back-propagation, gamma_L W_{L:l+1}^T r / gamma_l; gamma_L -> infinity gives
the Gauss-Newton target's, W_{L:l+1}^T (sum_i W_{L:i} W_{L:i}^T / gamma_{i-1})^-1 r / gamma_l. One solve with
a C x C matrix serves all samples.

Source: arXiv:2411.02001, theorem on the equilibrium of linear networks and its corollary, as restated in a
public note; derived in the theory notes, 3.1.
"""

import torch
from torch import Tensor

from widthscope.ensembles.local.inference import (
    Inferred,
    Weights,
    require_weights,
    weight_gradients,
    weighted,
)
from widthscope.models.mlp import Forward, Parameters, layer_names


def linear_equilibrium(
    parameters: Parameters, passed: Forward, targets: Tensor, weights: Weights
) -> Inferred:
    """States, errors and inputs of every sample at the equilibrium.

    Args:
        parameters: weights by name.
        passed: of the forward pass with the activation "identity".
        targets: (member, N, C).
        weights: gamma_1, ..., gamma_L.

    Raises:
        LocalRuleError: if there is not one weight for each layer.
    """
    residuals = targets - passed.outputs
    matrix = coupling(parameters, weights)
    matrix = matrix + torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    solved = _solved(matrix, residuals)
    return _propagated(parameters, passed, weighted(solved, weights[-1]), solved, weights)


def gauss_newton(parameters: Parameters, passed: Forward, targets: Tensor, weights: Weights) -> Inferred:
    """The limit gamma_L -> infinity of the equilibrium; as `linear_equilibrium`.

    e_L vanishes as 1 / gamma_L; in its place stands gamma_L e_L, by which the last layer's weights learn (so
    its weight gradient is that of weight 1). `weights[-1]` is not used.
    """
    residuals = targets - passed.outputs
    matrix = coupling(parameters, (*weights[:-1], 1.0))
    solved = _solved(matrix, residuals)
    return _propagated(parameters, passed, solved, solved, weights)


def gauss_newton_gradients(
    parameters: Parameters, passed: Forward, targets: Tensor, weights: Weights, moved: bool = False
) -> Parameters:
    """-(gamma_l / N) e_l^T a_{l-1} with the Gauss-Newton target's errors, by name.

    Args:
        parameters: weights by name.
        passed: of the forward pass with the activation "identity".
        targets: (member, N, C).
        weights: gamma_1, ..., gamma_L; the last is not used, its layer having gamma_L e_L for an error.
        moved: whether a_{l-1} are the moved states, as in the limit gamma_L -> infinity of predictive coding;
            else the feed-forward ones, as of targets that are set while the inputs stay.
    """
    found = gauss_newton(parameters, passed, targets, weights)
    inputs = found.inputs if moved else passed.inputs
    return weight_gradients(Inferred(found.states, found.errors, inputs), (*weights[:-1], 1.0))


def coupling(parameters: Parameters, weights: Weights) -> Tensor:
    """C_gamma, (member, C, C): what parts the equilibrium from back-propagation.

    Raises:
        LocalRuleError: if there is not one weight for each layer.
    """
    require_weights(parameters, weights)
    products = products_from_output(parameters)
    found = None
    for product, below in zip(products[1:], weights[:-1], strict=True):
        square = weighted(torch.bmm(product, product.mT), 1.0 / below)
        found = square if found is None else found + square
    assert found is not None  # a network has at least two layers
    return weighted(found, weights[-1])


def products_from_output(parameters: Parameters) -> list[Tensor]:
    """W_{L:1}, ..., W_{L:L} = W_L, each (member, C, n_{l-1})."""
    names = layer_names(len(parameters))
    products = [parameters[names[-1]]]
    for name in reversed(names[:-1]):
        products.append(torch.bmm(products[-1], parameters[name]))
    return products[::-1]


def linear_energy(parameters: Parameters, passed: Forward, targets: Tensor, weights: Weights) -> Tensor:
    """F* at the equilibrium, mean of the samples, (member,)."""
    residuals = targets - passed.outputs
    solved = linear_equilibrium(parameters, passed, targets, weights).errors[-1]
    return weighted((residuals * solved).flatten(1).sum(dim=1), weights[-1]) / (2 * residuals.shape[1])


def _propagated(
    parameters: Parameters,
    passed: Forward,
    strength: Tensor,
    last: Tensor,
    weights: Weights,
) -> Inferred:
    """Errors W_{L:l+1}^T strength / gamma_l below the last layer, and the states that they lead to."""
    names = layer_names(len(parameters))
    errors: list[Tensor] = []
    for product, weight in zip(products_from_output(parameters)[1:], weights[:-1], strict=True):
        errors.append(weighted(torch.bmm(strength, product), 1.0 / weight))
    states: list[Tensor] = [passed.preactivations[0] + errors[0]]
    for name, error in zip(names[1:-1], errors[1:], strict=True):
        states.append(torch.baddbmm(error, states[-1], parameters[name].mT))
    return Inferred(tuple(states), (*errors, last), (passed.inputs[0], *states))


def _solved(matrix: Tensor, residuals: Tensor) -> Tensor:
    """matrix^-1 r of every sample (member, N, C); NaN for a member whose matrix is not positive definite."""
    factor, info = torch.linalg.cholesky_ex(matrix)
    factor = torch.where((info == 0)[:, None, None], factor, torch.nan)
    return torch.cholesky_solve(residuals.mT, factor).mT
