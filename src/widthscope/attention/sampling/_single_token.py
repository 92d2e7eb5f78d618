"""One token's conditional output variance at O(H s) random numbers per draw.

The score row of one token is a Gaussian scale mixture at every width: G_i = sqrt(K_ii chi^2_{d_k} / d_k) L
z with z ~ N(0, I_r). Given (A, V), y_i has the variance (1/H) sum_a (a^T K a) chi^2_{d_v} / d_v. Source:
theory notes 3.2 (D).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.attention.gram import FloatArray
from widthscope.attention.sampling._layer import as_root, check_sizes, normals


@dataclass(frozen=True)
class TokenDraws:
    """Conditional variance of one output coordinate of one token, over N draws.

    Attributes:
        variance: (N,), given the scores: (1/H) sum_a a^T K a.
        variance_given_values: (N,), given scores and values; equal to `variance` at infinite value
            dimension.
    """

    variance: Tensor
    variance_given_values: Tensor


def sample_single_token(
    root: Tensor | FloatArray,
    token: int,
    heads: int,
    head_dim: int | None,
    value_dim: int | None,
    draws: int,
    generator: torch.Generator,
    *,
    visible: int | None = None,
    shared_scores: bool = False,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> TokenDraws:
    """Draws of the conditional variance of token `token` for any Gram.

    Args:
        root: L (s, r) of the Gram, or one per draw (N, s, r).
        token: index i from 0.
        heads, draws: H, N.
        head_dim, value_dim: d_k, d_v >= 1, or None for the limit.
        generator: CPU generator.
        visible: number of leading tokens that are seen, i + 1 under a causal mask; None for all.
        shared_scores: give all heads one score row (a wrong law, for controls).

    Raises:
        ValueError: if a size is out of range or the token is not among the visible ones.
    """
    check_sizes(draws, 0, heads=heads, head_dim=head_dim or 1, value_dim=value_dim or 1)
    L = as_root(root, draws, dtype, device)
    seen = L.shape[-2] if visible is None else visible
    if not 0 <= token < seen <= L.shape[-2]:
        raise ValueError(f"token {token} must be below visible {seen}, at most {L.shape[-2]} tokens")
    diagonal = L[..., token, :].square().sum(-1).reshape(-1, 1)
    L = L[..., :seen, :]

    def one_head() -> Tensor:
        z = normals((draws, L.shape[-1], 1), generator, dtype, device)
        row = (L @ z).squeeze(-1) * (diagonal * _scale(head_dim, draws, generator, dtype, device)).sqrt()
        attended = torch.softmax(row, dim=-1).unsqueeze(-2) @ L
        return attended.square().sum((-2, -1))

    return _average(one_head, heads, value_dim, draws, generator, shared_scores)


def sample_exchangeable_token(
    tokens: int,
    heads: int,
    head_dim: int | None,
    value_dim: int | None,
    draws: int,
    generator: torch.Generator,
    *,
    alpha: float = 1.0,
    beta: float = 0.0,
    shared_scores: bool = False,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> TokenDraws:
    """`sample_single_token` for K = alpha I + beta 1 1^T without forming K, for sequences of 10^4 tokens.

    Rows of A sum to one and softmax ignores a shift of its row, so the scores are iid N(0, K_ii alpha) and
    a^T K a = alpha |a|^2 + beta (theory notes 3.4). Under a causal mask take `tokens` = position of the
    token, from 1.

    Raises:
        ValueError: if a size is out of range or alpha or beta is negative.
    """
    check_sizes(draws, 0, tokens=tokens, heads=heads, head_dim=head_dim or 1, value_dim=value_dim or 1)
    if alpha < 0 or beta < 0:
        raise ValueError(f"alpha and beta must be at least 0, not {alpha} and {beta}")

    def one_head() -> Tensor:
        scale = _scale(head_dim, draws, generator, dtype, device).mul(alpha * (alpha + beta)).sqrt()
        row = normals((draws, tokens), generator, dtype, device) * scale
        return torch.softmax(row, dim=-1).square().sum(-1) * alpha + beta

    return _average(one_head, heads, value_dim, draws, generator, shared_scores)


def _scale(
    degrees: int | None,
    draws: int,
    generator: torch.Generator,
    dtype: torch.dtype,
    device: torch.device | str,
) -> Tensor:
    """chi^2_d / d, (N, 1); one at infinite d."""
    if degrees is None:
        return torch.ones(draws, 1, dtype=dtype, device=device)
    half = torch.full((draws, 1), degrees / 2, dtype=dtype)
    return torch._standard_gamma(half, generator=generator).mul_(2 / degrees).to(device)


def _average(
    one_head: Callable[[], Tensor],
    heads: int,
    value_dim: int | None,
    draws: int,
    generator: torch.Generator,
    shared_scores: bool,
) -> TokenDraws:
    """Average over heads, each head's variance times its own chi^2_{d_v} / d_v."""
    single = one_head()
    variance = torch.zeros_like(single)
    given_values = torch.zeros_like(single)
    for head in range(heads):
        if head and not shared_scores:
            single = one_head()
        variance += single
        given_values += single * _scale(value_dim, draws, generator, single.dtype, single.device).squeeze(-1)
    return TokenDraws(variance / heads, given_values / heads)
