"""The Bartlett sampler: a layer at a cost that does not depend on its width, and its limit.

Every weight matrix acts on at most s vectors, so only Gram matrices of Gaussian matrices enter, and a
Wishart matrix has the Bartlett root B: lower triangular, B_ii = sqrt(chi^2 with d - i + 1 degrees), B_ij ~
N(0, 1) below. With L L^T = K,

    G^a = L (B_a / sqrt(d_k)) Z_a L^T,      Y = H^{-1/2} sum_a A^a L (B'_a / sqrt(d_v)) zeta^a,

Z_a (r, r) and zeta^a (r, m) iid N(0, 1). B / sqrt(d) -> I gives the limit, P^a = L Z_a L^T ~ N(0, K (x) K).
Source: arXiv:2506.00846 for the layer and its limit; theory notes 3.2 (C) for the sampler and its proof.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from widthscope.attention.gram import FloatArray
from widthscope.attention.sampling._layer import (
    Head,
    LayerDraws,
    as_root,
    check_sizes,
    normals,
    sum_heads,
    times,
)


def bartlett_factor(
    rank: int,
    degrees: int,
    draws: int,
    generator: torch.Generator,
    *,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Roots B / sqrt(d) with B B^T ~ Wishart_r(d, I): lower triangular, tending to I as d grows.

    Returns:
        (N, r, r).

    Raises:
        ValueError: if d < r, where the Wishart matrix is singular and has no such root.
    """
    if degrees < rank:
        raise ValueError(
            f"a Bartlett factor of rank {rank} needs at least {rank} dimensions, not {degrees}: "
            "use sample_projection"
        )
    factor = torch.randn(draws, rank, rank, generator=generator, dtype=dtype).tril_(-1)
    shapes = ((degrees - torch.arange(rank, dtype=dtype)) / 2).expand(draws, rank)
    chi = torch._standard_gamma(shapes, generator=generator).mul_(2).sqrt_()
    factor.diagonal(dim1=-2, dim2=-1).copy_(chi)
    return factor.div_(degrees**0.5).to(device)


def sample_limit(
    root: Tensor | FloatArray,
    heads: int,
    draws: int,
    coordinates: int,
    generator: torch.Generator,
    *,
    mask: Tensor | None = None,
    shared_scores: bool = False,
    keep_heads: bool = False,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> LayerDraws:
    """Draws of the limit law: P^a ~ N(0, K (x) K), y given P ~ N(0, Sigma(P)).

    Args:
        root: L (s, r), or one per draw (N, s, r).
        heads: H.
        draws: N.
        coordinates: m output coordinates per draw; 0 for covariances only.
        generator: CPU generator.
        mask: boolean (s, s), see `widthscope.attention.masks`.
        shared_scores: give all heads one score matrix (a wrong law, for controls).
        keep_heads: keep scores and covariances of single heads.

    Raises:
        ValueError: if a size or shape is wrong.

    Source: arXiv:2506.00846, limit theorem; theory notes 3.1.
    """
    check_sizes(draws, coordinates, heads=heads)
    L = as_root(root, draws, dtype, device)
    rank = L.shape[-1]

    def each_head() -> Iterator[Head]:
        scores = None
        for _ in range(heads):
            if scores is None or not shared_scores:
                scores = times(L, normals((draws, rank, rank), generator, dtype, device)) @ L.mT
            yield Head(scores, None, normals((draws, rank, coordinates), generator, dtype, device))

    return sum_heads(each_head(), L, mask, coordinates, keep_heads)


def sample_finite(
    root: Tensor | FloatArray,
    heads: int,
    head_dim: int,
    value_dim: int,
    draws: int,
    coordinates: int,
    generator: torch.Generator,
    *,
    mask: Tensor | None = None,
    score_power: float = 0.5,
    shared_scores: bool = False,
    tied_query_key: bool = False,
    keep_heads: bool = False,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> LayerDraws:
    """Draws of a layer of finite width, exact, at O(H s^2) random numbers per draw whatever the width.

    Args:
        root: L (s, r), or one per draw (N, s, r) for random tokens.
        heads: H.
        head_dim: d_k >= r.
        value_dim: d_v >= r.
        draws: N.
        coordinates: m output coordinates per draw; 0 for covariances only.
        generator: CPU generator.
        mask: boolean (s, s), see `widthscope.attention.masks`.
        score_power: scores are Q K^T d_k^{-power}; 1/2 is the paper's scaling, 1 makes them vanish.
        shared_scores: give all heads one score matrix (a wrong law, for controls).
        tied_query_key: W_Q = W_K (a wrong law, for controls); the mean score then grows as sqrt(d_k).
        keep_heads: keep scores and covariances of single heads.

    Raises:
        ValueError: if a size or shape is wrong, or d_k or d_v is below the rank r (use
            `sample_projection`).
    """
    check_sizes(draws, coordinates, heads=heads, head_dim=head_dim, value_dim=value_dim)
    L = as_root(root, draws, dtype, device)
    rank = L.shape[-1]
    scale = float(head_dim) ** (0.5 - score_power)

    def factor(degrees: int) -> Tensor:
        return bartlett_factor(rank, degrees, draws, generator, dtype=dtype, device=device)

    def head_scores() -> Tensor:
        query = times(L, factor(head_dim))
        if tied_query_key:
            return torch.matmul(query, query.mT).mul_(scale * head_dim**0.5)
        return torch.matmul(query @ normals((draws, rank, rank), generator, dtype, device), L.mT).mul_(scale)

    def each_head() -> Iterator[Head]:
        scores = None
        for _ in range(heads):
            if scores is None or not shared_scores:
                scores = head_scores()
            values = times(L, factor(value_dim))
            yield Head(scores, values, normals((draws, rank, coordinates), generator, dtype, device))

    return sum_heads(each_head(), L, mask, coordinates, keep_heads)
