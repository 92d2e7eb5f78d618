r"""The exponential energy of self-attention, its gradient, and its rate of change along continuous time.

With heads h of score matrix A_h and value matrix B_h, tokens x_i as columns, and no normalisation but that of
softmax,

    E = -(1 / (2 beta)) sum_h sum_ij e_h,ij ,      e_h,ij = exp(beta x_i^T A_h x_j)
    dx_i/dt = sum_h B_h^T sum_j P_h,ij x_j ,       P_h = softmax_rows(beta X A_h X^T)

and dx_i/dt projected onto the tangent space of the sphere at x_i where tokens are to keep their length
(arXiv:2505.19458, section 4; the exact E of its Propositions 4.1 and 4.2 is reconstructed, theory notes 3.1).

E overflows at large beta. Rates are therefore those of E over |E|, which are as exact as the weights
w_h,ij = e_h,ij / sum e: shares of the energy, that sum to 1.

Shapes: score, value (member, head, width, width); state (member, batch, token, width); any floating dtype,
float64 wherever a sign or a difference matters.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = [
    "EnergyRate",
    "Pairs",
    "attention_flow",
    "energy_rate",
    "log_energy",
    "on_tangents",
    "pairs",
    "relative_gradient",
    "score_matrices",
    "value_matrices",
]


def score_matrices(query: Tensor, key: Tensor) -> Tensor:
    """A_h = W_Q,h W_K,h^T, (member, head, width, width), of weights (member, head, head_dim, width)."""
    return query.mT @ key


def value_matrices(value: Tensor, output: Tensor) -> Tensor:
    """B_h = W_V,h W_O,h, (member, head, width, width), of weights (member, head, head_dim, width)."""
    return value.mT @ output


@dataclass(frozen=True)
class Pairs:
    """Every pair of tokens as the heads see it, from one pass of exponentials.

    Attributes:
        log_total: ln sum_h sum_ij e_h,ij, (member, batch).
        rows: share of each query in that sum, (member, batch, head, token); they sum to 1.
        attention: P, (member, batch, head, token, token); rows sum to 1.
    """

    log_total: Tensor
    rows: Tensor
    attention: Tensor

    @property
    def shares(self) -> Tensor:
        """w_h,ij, (member, batch, head, token, token)."""
        return self.rows[..., None] * self.attention


def pairs(score: Tensor, beta: float, state: Tensor) -> Pairs:
    """The pairs of a state (member, batch, token, width) under scores beta x_i^T A_h x_j."""
    exponents = beta * (_acted(score, state) @ state[:, :, None].mT)
    log_rows = exponents.logsumexp(dim=-1)
    log_total = log_rows.flatten(2).logsumexp(dim=-1)
    rows = (log_rows - log_total[..., None, None]).exp()
    return Pairs(log_total, rows, (exponents - log_rows[..., None]).exp())


def log_energy(score: Tensor, beta: float, state: Tensor) -> Tensor:
    """ln(-E), (member, batch): E falls where it grows."""
    return pairs(score, beta, state).log_total - math.log(2 * beta)


def relative_gradient(score: Tensor, beta: float, state: Tensor, seen: Pairs | None = None) -> Tensor:
    r"""Gradient of E over |E|, (member, batch, token, width), for any A; `seen` are its pairs if known.

        (1/|E|) dE/dx_i = -beta sum_h sum_j ( w_h,ij A_h x_j + w_h,ji A_h^T x_j )

    which for symmetric A is -2 beta sum_h (sum_j w_h,ij) A_h m_h,i with the attended token m_h,i.
    """
    weights, tokens = (seen or pairs(score, beta, state)).shares, state[:, :, None]
    pulled = _taken(score.mT, weights @ tokens) + _taken(score, weights.mT @ tokens)
    return -beta * pulled


def attention_flow(
    score: Tensor, value: Tensor, beta: float, state: Tensor, seen: Pairs | None = None
) -> Tensor:
    """dX/dt before any projection, sum_h P_h X B_h, (member, batch, token, width); `seen` as above."""
    return _taken(value, (seen or pairs(score, beta, state)).attention @ state[:, :, None])


def on_tangents(state: Tensor, vectors: Tensor) -> Tensor:
    """Vectors less their part along the token they belong to; shapes as `state`."""
    along = (state * vectors).sum(-1, keepdim=True) / (state * state).sum(-1, keepdim=True)
    return vectors - along * state


@dataclass(frozen=True)
class EnergyRate:
    """How fast the energy changes along a flow.

    Attributes:
        relative: (dE/dt) / |E|, (member, batch), per unit of time; above 0 the energy rises.
        balance: dE/dt over sum_i |grad_i E| |f_i|, f the flow before projection: between -1 (straight
            downhill) and 1, and known to rounding, about 1e-15, however small the rate is.
    """

    relative: Tensor
    balance: Tensor


def energy_rate(
    score: Tensor,
    beta: float,
    state: Tensor,
    force: Tensor,
    projected: bool,
    seen: Pairs | None = None,
) -> EnergyRate:
    """The rate of change of the energy along a flow, for any A.

    Args:
        score: A_h of the energy, (member, head, width, width).
        beta: inverse temperature.
        state: tokens (member, batch, token, width).
        force: dX/dt before projection, of the state's shape, as from `attention_flow`.
        projected: whether each token keeps its length.
        seen: the pairs of the state under the energy's scores, if known.
    """
    gradient = relative_gradient(score, beta, state, seen)
    velocity = on_tangents(state, force) if projected else force
    rate = (gradient * velocity).sum(dim=(-2, -1))
    largest = (gradient.norm(dim=-1) * force.norm(dim=-1)).sum(dim=-1)
    return EnergyRate(relative=rate, balance=rate / largest.clamp_min(torch.finfo(state.dtype).tiny))


def _acted(matrices: Tensor, state: Tensor) -> Tensor:
    """x_i^T A_h of every token and head, (member, batch, head, token, width)."""
    return torch.einsum("mbtd,mhde->mbhte", state, matrices)


def _taken(matrices: Tensor, vectors: Tensor) -> Tensor:
    """sum_h v_h,i^T A_h of vectors (member, batch, head, token, width): (member, batch, token, width)."""
    return torch.einsum("mbhtd,mhde->mbte", vectors, matrices)
