r"""A finite layer and its limit on common random numbers, and the first-order change from one to the other.

The finite layer differs from its limit by three random Gram matrices, each with a known mean: that of the
tokens, K_n = L_n L_n^T with mean K, and the two Wishart matrices B B^T / d_k and B' B'^T / d_v with mean I.
To first order in their deviations a lower-triangular root of K = L L^T changes by

    dL = L Phi(L^{-1} (K_n - K) L^{-T}),        Phi(x) = strict lower triangle of x + half its diagonal

(the derivative of a Cholesky root). The change that this makes in any smooth function of the limit layer is
linear in deviations which have mean zero and are independent of everything it is multiplied with, so its
expectation is exactly zero. Subtracting it from a coupled difference leaves the mean alone and takes away all
noise of order n^{-1/2}: what remains has a standard deviation of order 1/n, like the difference of the means
itself, so that the relative error does not grow with the width (300 times fewer draws at n = 512).

Source: theory notes 3.2 (C), 3.6 and 3.8 for the coupling; the first-order control variate is derived here.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.attention.gram import FloatArray
from widthscope.attention.masks import masked_softmax
from widthscope.attention.sampling._bartlett import bartlett_factor
from widthscope.attention.sampling._layer import as_root, check_sizes, normals, times


@dataclass(frozen=True)
class CoupledLayers:
    """Covariances across tokens of one output coordinate given all but the output weights, (N, s, s) each.

    Attributes:
        finite: of the layer of finite width, given its scores and values.
        limit: of the limit law, given its scores.
        first_order: first-order change from the limit to the finite layer; its mean given the limit is zero.
    """

    finite: Tensor
    limit: Tensor
    first_order: Tensor


def coupled_layers(
    root_finite: Tensor | FloatArray,
    root_limit: Tensor | FloatArray,
    heads: int,
    head_dim: int | None,
    value_dim: int | None,
    draws: int,
    generator: torch.Generator,
    *,
    mask: Tensor | None = None,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> CoupledLayers:
    """N draws of a finite layer and of its limit with the same Z.

    Args:
        root_finite: (N, s, s) random lower-triangular roots whose Gram has the mean L L^T, as from
            `widthscope.attention.token_laws.finite_roots`; or (s, r), one root for all draws.
        root_limit: L (s, r), lower triangular (s, s) where the finite roots are random.
        heads: H.
        head_dim: d_k >= r, or None for the limit.
        value_dim: d_v >= r, or None for the limit.
        draws: N.
        generator: CPU generator.
        mask: boolean (s, s), see `widthscope.attention.masks`.
        dtype: of the draws; means over them are the caller's, in float64.

    Raises:
        ValueError: if a size or shape is wrong, the ranks differ, or d_k or d_v is below the rank.
    """
    check_sizes(draws, 0, heads=heads, head_dim=head_dim or 1, value_dim=value_dim or 1)
    finite, limit = (as_root(L, draws, dtype, device) for L in (root_finite, root_limit))
    if limit.ndim != 2 or finite.shape[-2:] != limit.shape:
        raise ValueError(
            f"coupled roots must have one shape (s, r), not {tuple(finite.shape)} and {tuple(limit.shape)}"
        )
    change = _token_change(root_finite, root_limit, finite, limit)
    rank = limit.shape[-1]
    identity = torch.eye(rank, dtype=torch.float64)
    total = total_limit = total_change = torch.zeros((), dtype=dtype, device=device)
    for _ in range(heads):
        query, value = (_factor(rank, d, draws, generator, dtype, device) for d in (head_dim, value_dim))
        Z = normals((draws, rank, rank), generator, dtype, device)
        attended = masked_softmax(times(finite, query @ Z) @ finite.mT, mask) @ times(finite, value)
        attention = masked_softmax(times(limit, Z) @ limit.mT, mask)
        attended_limit = attention @ limit
        inner = times(limit, _root_change(query, identity) @ Z) + change @ Z
        scores_change = inner @ limit.mT + times(limit, Z) @ change.mT
        weighted = attention * scores_change
        attention_change = weighted - attention * weighted.sum(dim=-1, keepdim=True)
        attended_change = (
            attention_change @ limit + attention @ change + attended_limit @ _root_change(value, identity)
        )
        crossed = attended_change @ attended_limit.mT
        total = total + attended @ attended.mT
        total_limit = total_limit + attended_limit @ attended_limit.mT
        total_change = total_change + crossed + crossed.mT
    return CoupledLayers(total / heads, total_limit / heads, total_change / heads)


def _factor(
    rank: int,
    degrees: int | None,
    draws: int,
    generator: torch.Generator,
    dtype: torch.dtype,
    device: torch.device | str,
) -> Tensor:
    """B / sqrt(d), (N, r, r); I at infinite d."""
    if degrees is None:
        return torch.eye(rank, dtype=dtype, device=device).expand(draws, rank, rank)
    return bartlett_factor(rank, degrees, draws, generator, dtype=dtype, device=device)


def _token_change(
    root_finite: Tensor | FloatArray, root_limit: Tensor | FloatArray, finite: Tensor, limit: Tensor
) -> Tensor:
    """First-order change of the tokens' root, (N, s, s), or zeros (s, r) where it does not fluctuate."""
    if finite.ndim == 2:
        return torch.zeros_like(limit)
    exact = torch.as_tensor(root_limit, dtype=torch.float64)
    if exact.shape[0] != exact.shape[1] or bool(exact.triu(1).any()):
        raise ValueError("random roots are coupled to a lower-triangular root (s, s), such as Cholesky's")
    return _root_change(finite, exact)


def _root_change(roots: Tensor, limit: Tensor) -> Tensor:
    """First-order change L Phi(L^{-1} R R^T L^{-T} - I) of lower-triangular roots R (N, s, s) of limit L."""
    inverse = torch.linalg.inv(limit).to(device=roots.device, dtype=roots.dtype)
    whitened = inverse @ roots
    deviation = whitened @ whitened.mT
    lower = deviation.tril(-1)
    lower.diagonal(dim1=-2, dim2=-1).copy_((deviation.diagonal(dim1=-2, dim2=-1) - 1) / 2)
    return torch.matmul(limit.to(device=roots.device, dtype=roots.dtype), lower)
