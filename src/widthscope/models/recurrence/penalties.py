r"""Penalties on the weights of recurrent attention, one number for each member (theory notes 3.6).

    spectral        sum_W (sigma_max(W)^2 - 1)^2 + sum_b |b|^4        W_Q, W_K, W_V, W_O with their heads
                                                                      side by side, (D, D), and their biases
    energy-multi    sum_h |W_V,h W_O,h - sym(W_Q,h W_K,h^T)|_F^2      zero where every head has an energy
    energy-single   the same of all heads' sums, as if they were one head

The first is that of arXiv:2505.19458; the others are reconstructed from its words. Those want W_V and W_O
orthogonal (`orthogonal_weights`); the hard variant imposes the condition itself (`hard_weights`).
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Parameters = dict[str, Tensor]

WEIGHTS = ("query", "key", "value", "output")
EXACT_WIDTH = 128
"""Up to this width the largest singular value is exact; beyond, a vector is carried from step to step."""

TOP = "top_"
"""What a batch calls the carried right singular vectors: ``top_query`` and so on."""


def spectral(parameters: Parameters, top: Mapping[str, Tensor] | None = None) -> Tensor:
    """sum_W (sigma_max(W)^2 - 1)^2 + sum_b |b|^4 over weights and biases that there are, (member,).

    Args:
        parameters: weights (member, head, head_dim, width); biases (member, ...) named `<weights>_bias`.
        top: right singular vectors (member, width) by the weights' names, as `advanced_vectors` keeps them;
            exact ones where None. They count as constants: at the exact ones that is the exact gradient.
    """
    found = torch.zeros_like(parameters["query"][:, 0, 0, 0])
    for name in WEIGHTS:
        if name in parameters:
            W = parameters[name].flatten(1, 2)
            vector = top_vectors(W) if top is None else top[name]
            square = torch.bmm(W, vector[..., None]).square().sum(dim=(1, 2))
            found = found + (square - 1).square()
        if f"{name}_bias" in parameters:
            found = found + parameters[f"{name}_bias"].flatten(1).square().sum(dim=1).square()
    return found


def top_vectors(W: Tensor) -> Tensor:
    """Unit right singular vector of W's largest singular value, without gradient: (..., m, n) -> (..., n)."""
    with torch.no_grad():
        vectors: Tensor = torch.linalg.eigh(W.mT @ W).eigenvectors
    return vectors[..., -1]


def first_vectors(parameters: Parameters) -> dict[str, Tensor]:
    """The vectors to start carrying, (member, width) by the weights' names."""
    return {name: top_vectors(parameters[name].flatten(1, 2)) for name in WEIGHTS if name in parameters}


def advanced_vectors(parameters: Parameters, vectors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """One power iteration v <- W^T W v / |W^T W v| of each carried vector."""
    found = {}
    with torch.no_grad():
        for name, vector in vectors.items():
            W = parameters[name].flatten(1, 2)
            image = torch.bmm(W.mT, torch.bmm(W, vector[..., None]))[..., 0]
            length = image.square().sum(dim=-1, keepdim=True).sqrt()
            found[name] = torch.where(length > 0, image / length, vector)
    return found


def energy_multi(parameters: Parameters) -> Tensor:
    """sum_h |W_V,h W_O,h - sym(W_Q,h W_K,h^T)|_F^2, (member,)."""
    return _distance(products(parameters, "value", "output"), products(parameters, "query", "key"))


def energy_single(parameters: Parameters) -> Tensor:
    """|sum_h W_V,h W_O,h - sym(sum_h W_Q,h W_K,h^T)|_F^2, (member,); of one head as `energy_multi`."""
    values = products(parameters, "value", "output").sum(dim=1, keepdim=True)
    return _distance(values, products(parameters, "query", "key").sum(dim=1, keepdim=True))


PENALTIES: dict[str, Callable[[Parameters], Tensor]] = {
    "spectral": spectral,
    "energy-multi": energy_multi,
    "energy-single": energy_single,
}
"""Every penalty by name: parameters -> (member,)."""


def products(parameters: Parameters, first: str, second: str) -> Tensor:
    """W_1,h^T W_2,h, (member, head, width, width): A_h of query and key, B_h of value and output."""
    return parameters[first].mT @ parameters[second]


def orthogonal_start(parameters: Parameters) -> Parameters:
    """Parameters whose values and outputs, heads side by side, are orthogonal.

    One member's, or (member, ...). `value` and `output` become the orthogonal factors of their QR; beside
    them stand `value_turn` and `output_turn` (..., width, width) = 0, which training moves in their place:
    see `orthogonal_weights`.
    """
    found = dict(parameters)
    for name in ("value", "output"):
        weights = parameters[name]
        factor, triangle = torch.linalg.qr(weights.flatten(-3, -2))
        # Signs that make the factor Haar where the weights are Gaussian (Mezzadri, math-ph/0609050).
        factor = factor * triangle.diagonal(dim1=-2, dim2=-1).sign()[..., None, :]
        found[name] = factor.reshape(weights.shape)
        found[f"{name}_turn"] = torch.zeros_like(factor)
    return found


def orthogonal_weights(parameters: Parameters) -> Parameters:
    """The parameters with values and outputs turned by Q = (I - S)(I + S)^-1, S the turn's skew part.

    Q is orthogonal (Cayley 1846), so that what `orthogonal_start` made orthogonal stays so.
    """
    found = {name: value for name, value in parameters.items() if not name.endswith("_turn")}
    for name in ("value", "output"):
        turn = parameters[f"{name}_turn"]
        S = (turn - turn.mT) / 2
        one = torch.eye(S.shape[-1], dtype=S.dtype, device=S.device)
        Q = torch.linalg.solve(one + S, one - S)
        found[name] = (parameters[name].flatten(-3, -2) @ Q).reshape(parameters[name].shape)
    return found


def hard_weights(parameters: Parameters) -> Parameters:
    """The parameters with values and outputs such that W_V,h W_O,h = sym(W_Q,h W_K,h^T) exactly.

    sym(Q^T K) = [Q; K]^T [K; Q] / 2 has twice the head's dimension: values and outputs become (..., head,
    2 head_dim, width), functions of query and key.
    """
    query, key = parameters["query"], parameters["key"]
    values, outputs = torch.cat([query, key], dim=-2), torch.cat([key, query], dim=-2) / 2
    return {**parameters, "value": values, "output": outputs}


def _distance(values: Tensor, scores: Tensor) -> Tensor:
    """sum_h |B_h - sym(A_h)|_F^2 of (member, head, width, width) each."""
    return (values - (scores + scores.mT) / 2).square().sum(dim=(1, 2, 3))
