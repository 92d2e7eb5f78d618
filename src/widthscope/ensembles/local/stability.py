r"""Stability of predictive coding's inference: the energy's Hessian in the states, its largest eigenvalue.

Of one sample, with v_l a direction of u_l (v_0 = v_L = 0) and d e_l = v_l - W_l (phi'(u_{l-1}) * v_{l-1}),

    (H v)_l = gamma_l d e_l - gamma_{l+1} [ phi'(u_l) * (d e_{l+1} W_{l+1})
                                            + phi''(u_l) * v_l * (e_{l+1} W_{l+1}) ] .

The iteration u <- u - alpha dF/du is stable near a minimum while alpha < 2 / lambda_max.

Source: the theory notes, 3.2 (the bound on alpha), after the energy of arXiv:2411.02001.
"""

import torch
from torch import Tensor

from widthscope.ensembles.local.inference import Inferred, Weights, require_weights, weighted
from widthscope.models.mlp import Parameters, layer_names, slope_of_value
from widthscope.streams import torch_generator


def hessian_product(
    parameters: Parameters, inferred: Inferred, activation: str, weights: Weights, directions: list[Tensor]
) -> list[Tensor]:
    """H v of every sample at the inferred states.

    Args:
        parameters: weights by name.
        inferred: states with their own errors and inputs, as of `inference.at_states`.
        activation: of the network; relu's kinks count as flat.
        weights: gamma_1, ..., gamma_L.
        directions: v_1, ..., v_{L-1}, each (member, N, n_l).

    Returns:
        (H v)_1, ..., (H v)_{L-1}, of the same shapes.
    """
    names = layer_names(len(parameters))
    slopes = [slope_of_value(activation, value) for value in inferred.inputs[1:]]
    moved = [directions[0]]
    for place, name in enumerate(names[1:], start=1):
        change = torch.bmm(slopes[place - 1] * directions[place - 1], parameters[name].mT)
        moved.append(directions[place] - change if place < len(directions) else -change)
    found = []
    for place, name in enumerate(names[1:]):
        back = slopes[place] * torch.bmm(moved[place + 1], parameters[name])
        if activation == "tanh":
            bend = -2 * inferred.inputs[place + 1] * slopes[place] * directions[place]
            back = back + bend * torch.bmm(inferred.errors[place + 1], parameters[name])
        found.append(weighted(moved[place], weights[place]) - weighted(back, weights[place + 1]))
    return found


def largest_eigenvalue(
    parameters: Parameters, inferred: Inferred, activation: str, weights: Weights, steps: int = 40
) -> tuple[Tensor, Tensor]:
    """Largest eigenvalue of each sample's Hessian by Lanczos' method, all bases orthogonalised twice.

    A linear network's Hessian is the same for all samples: one of them is enough. Memory: the basis holds
    `steps` times all states.

    Args:
        parameters: weights by name.
        inferred: states with their own errors and inputs, as of `inference.at_states`.
        activation: of the network.
        weights: gamma_1, ..., gamma_L.
        steps: products with H; as many as the states have coordinates give the exact value.

    Returns:
        the eigenvalues (member, N), and their residuals |H v - lambda v| (member, N).

    Raises:
        LocalRuleError: if there is not one weight for each layer.
    """
    require_weights(parameters, weights)
    lengths = [state.shape[2] for state in inferred.states]
    first = inferred.states[0]
    start = torch.randn(sum(lengths), generator=torch_generator("stability", "start"), dtype=torch.float64)
    vector = (start / start.norm()).to(first).expand(*first.shape[:2], -1)
    basis = [vector]
    diagonal: list[Tensor] = []
    beside: list[Tensor] = []
    for _ in range(min(steps, sum(lengths))):
        product = hessian_product(
            parameters, inferred, activation, weights, list(basis[-1].split(lengths, dim=2))
        )
        image = torch.cat(product, dim=2)
        diagonal.append((image * basis[-1]).sum(dim=2))
        for _ in range(2):
            for known in basis:
                image = image - (image * known).sum(dim=2, keepdim=True) * known
        beside.append(image.square().sum(dim=2).sqrt())
        # Where the space is exhausted what remains is rounding: the basis ends with zeros.
        alive = beside[-1] > 16 * torch.finfo(first.dtype).eps * diagonal[0].abs()
        beside[-1] = torch.where(alive, beside[-1], 0.0)
        length = torch.where(alive, beside[-1], 1.0)
        basis.append(torch.where(alive[..., None], image / length[..., None], 0.0))
    return _of_tridiagonal(diagonal, beside)


def dense_hessian(parameters: Parameters, inferred: Inferred, activation: str, weights: Weights) -> Tensor:
    """H of every sample, (member, N, n, n) with n = n_1 + ... + n_{L-1}; for small networks."""
    lengths = [state.shape[2] for state in inferred.states]
    shape = inferred.states[0].shape[:2]
    columns = []
    for unit in torch.eye(sum(lengths), dtype=inferred.states[0].dtype, device=inferred.states[0].device):
        directions = list(unit.expand(*shape, -1).split(lengths, dim=2))
        columns.append(
            torch.cat(hessian_product(parameters, inferred, activation, weights, directions), dim=2)
        )
    return torch.stack(columns, dim=3)


def _of_tridiagonal(diagonal: list[Tensor], beside: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Largest eigenvalue of each Lanczos matrix, and its residual."""
    matrix = torch.diag_embed(torch.stack(diagonal, dim=2))
    if len(diagonal) > 1:
        off = torch.diag_embed(torch.stack(beside[:-1], dim=2), offset=1)
        matrix = matrix + off + off.mT
    finite = matrix.isfinite().all(dim=3).all(dim=2)
    values, vectors = torch.linalg.eigh(torch.where(finite[..., None, None], matrix, 0.0))
    residual = (beside[-1] * vectors[..., -1, -1]).abs()
    return torch.where(finite, values[..., -1], torch.nan), torch.where(finite, residual, torch.nan)
