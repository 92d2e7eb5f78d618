r"""Rates of the exponential energy in closed form, and the states and steps at which it rises.

Rates are of E over |E| unless said otherwise, in the notation of `widthscope.attention.energies`: W_h,i is
the share of query i of head h in the energy, m_h,i what it attends to. All derived here (theory notes 3.1);
the paper (arXiv:2505.19458, Propositions 4.1 and 4.2) states the conditions.
"""

import math

import torch
from torch import Tensor

from widthscope.attention.energies import on_tangents, pairs
from widthscope.studies.jacobian_dynamics.energy.weights import skew_part, symmetric_part


def matched_value_rate(score: Tensor, beta: float, state: Tensor, projected: bool = True) -> Tensor:
    """-2 beta sum_i W_i |Proj_i A m_i|^2, (member, batch): one head, A symmetric, B = A, on the sphere."""
    rows, means = _seen(score, beta, state)
    pulled = means[:, :, 0] @ score[:, 0][:, None]
    if projected:
        pulled = on_tangents(state, pulled)
    return -2 * beta * (rows[:, :, 0] * pulled.square().sum(-1)).sum(-1)


def free_value_rate(score: Tensor, value: Tensor, beta: float, state: Tensor) -> Tensor:
    """-2 beta sum_i W_i m_i^T A B^T m_i, (member, batch): one head, A symmetric, any B, no projection."""
    rows, means = _seen(score, beta, state)
    attended = means[:, :, 0]
    products = ((attended @ score[:, 0][:, None]) * (attended @ value[:, 0][:, None])).sum(-1)
    return -2 * beta * (rows[:, :, 0] * products).sum(-1)


def orthogonal_heads_rate(score: Tensor, beta: float, state: Tensor) -> Tensor:
    """-2 beta sum_h sum_i W_h,i |A_h m_h,i|^2, (member, batch): symmetric heads, orthogonal ranges, B = A."""
    rows, means = _seen(score, beta, state)
    pulled = means @ score[:, None]
    return -2 * beta * (rows * pulled.square().sum(-1)).sum(dim=(-2, -1))


def overlapping_heads_rate(strength: float, length: float, beta: float, tokens: int) -> float:
    """dE/dt itself with A_1 = I, A_2 = -c I, B = A and all tokens at one vector of the given length."""
    exponent = beta * length**2
    rates = math.exp(exponent) - strength * math.exp(-strength * exponent)
    return tokens**2 * (strength - 1) * length**2 * rates


def two_token_scores(skew: float) -> Tensor:
    """A = [[1, a], [-a, 1]], (1, 1, 2, 2); its symmetric part is the identity."""
    return torch.tensor([[1.0, skew], [-skew, 1.0]], dtype=torch.float64)[None, None]


def two_tokens(angle: float) -> Tensor:
    """(1, 0) and (cos, sin) of the angle, (1, 1, 2, 2)."""
    return torch.tensor([[1.0, 0.0], [math.cos(angle), math.sin(angle)]], dtype=torch.float64)[None, None]


def two_token_rate(skew: float, angle: float, beta: float) -> float:
    """Rate of two tokens under `two_token_scores` with B = I on the circle; above 0 the energy rises.

    Its sign is that of a cos(phi) tanh(beta a sin(phi)) - sin(phi), for angles between 0 and 180 degrees.
    """
    c, s = math.cos(angle), math.sin(angle)
    turning = 1 / (1 + math.exp(-beta * (c + skew * s - 1))) + 1 / (1 + math.exp(-beta * (c - skew * s - 1)))
    odd, even = math.sinh(beta * skew * s), math.cosh(beta * skew * s)
    gain = beta * s * turning * (skew * c * odd - s * even)
    return gain / (math.exp(beta * (1 - c)) + even)


def critical_skew(angle: float, beta: float) -> float:
    """The a above which two tokens at this angle, from 0 to 90 degrees, gain energy; 1/sqrt(beta) at 0."""
    if angle == 0:
        return 1 / math.sqrt(beta)
    c, s = math.cos(angle), math.sin(angle)
    low, high = 0.0, 1.0
    while high * c * math.tanh(beta * high * s) < s:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if middle * c * math.tanh(beta * middle * s) > s else (middle, high)
    return high


def near_consensus(score: Tensor, distance: float, tokens: int) -> tuple[Tensor, Tensor, Tensor]:
    r"""States close to one eigenvector of sym(A), and the inverse temperature above which their energy rises.

    With B = sym(A), on the sphere, tokens x_i = v + delta_i around v, sym(A) v = mu v and k = skew(A) v:

        dE/dt = -S e^{beta mu} sum_i [ mu^2 |delta_i|^2 - mu beta (k . delta_i)^2 ] + O(delta^3)

    for deltas of mean 0. So tokens on either side of v along k gain energy iff mu > 0 and beta > mu / |k|^2.

    Args:
        score: A, (draw, width, width).
        distance: |delta|.
        tokens: an even number; half of them on either side.

    Returns:
        thresholds (draw, eigenvector), infinite where mu <= 0, by increasing mu; the states around the
        eigenvector of the largest mu, (draw, 1, token, width); and its mu / |A v|^2, (draw,), a rival.
    """
    mu, vectors = torch.linalg.eigh(symmetric_part(score))
    turned = skew_part(score) @ vectors
    thresholds = torch.where(mu > 0, mu / turned.square().sum(-2), torch.inf)
    v, k = vectors[..., -1], turned[..., -1]
    across = k / k.norm(dim=-1, keepdim=True)
    sides = torch.tensor([1.0, -1.0], dtype=score.dtype).repeat(tokens // 2)[None, :, None]
    states = math.cos(distance) * v[:, None] + math.sin(distance) * sides * across[:, None]
    return thresholds, states[:, None], mu[:, -1] / (mu[:, -1] ** 2 + k.square().sum(-1))


def ring(first: Tensor, second: Tensor, ratio: float, tokens: int) -> Tensor:
    r"""Tokens on a ring in the span of one head's blocks, at which energy rises at every temperature.

    x_i = (U_1 p_i + r U_2 J p_i) / sqrt(1 + r^2), p_i evenly on the unit circle of two coordinates, J a
    quarter turn. With A = U_1 U_2^T and B = sym(A), an even number of tokens has the balance
    (1 - r^2) / (1 + r^2).

    Args:
        first, second: U_1 and U_2, (draw, width, block), block >= 2.
        ratio: r.
        tokens: an even number of at least 4.

    Returns:
        (draw, 1, token, width).
    """
    angle = torch.arange(tokens, dtype=first.dtype) * (2 * math.pi / tokens)
    place = torch.stack([angle.cos(), angle.sin()], dim=-1)
    turned = torch.stack([-angle.sin(), angle.cos()], dim=-1)
    found = place @ first[..., :2].mT + ratio * turned @ second[..., :2].mT
    return found[:, None] / math.sqrt(1 + ratio**2)


def ring_balance(ratio: float) -> float:
    """(1 - r^2) / (1 + r^2), of `ring` at every inverse temperature."""
    return (1 - ratio**2) / (1 + ratio**2)


def step_limit(score: Tensor) -> Tensor:
    """2 / (largest - least eigenvalue of A, or 0 if none is negative), (draw,): longer steps leave consensus.

    Around tokens that are all the leading eigenvector of a symmetric A, an explicit step eta multiplies the
    deviation of their mean along an eigenvector mu by 1 + eta (mu - mu_max), and their differences by
    1 - eta mu_max: beyond the limit one of the two is below -1.

    Args:
        score: A, (draw, width, width), symmetric, with a positive eigenvalue.
    """
    mu = torch.linalg.eigvalsh(score)
    spread: Tensor = mu[:, -1] - mu[:, 0].clamp_max(0)
    return 2 / spread


def _seen(score: Tensor, beta: float, state: Tensor) -> tuple[Tensor, Tensor]:
    """Shares of the rows (member, batch, head, token), and what they attend to (..., width)."""
    found = pairs(score, beta, state)
    return found.rows, found.attention @ state[:, :, None]
