r"""A finite layer and its limit on common random numbers, and the first-order change from one to the other.

The finite layer differs from its limit by three random Gram matrices, each with a known mean: that of the
tokens, K_n = L_n L_n^T with mean K, and the two Wishart matrices B B^T/d_k and B' B'^T/d_v with mean I. To
first order in their deviations a root L L^T = K changes by

    dL = L Phi(L^{-1} (K_n - K) L^{-T}),        Phi(x) = strict lower triangle of x + half its diagonal

(the derivative of a Cholesky root). The change that this makes in any smooth function of the limit layer is
linear in deviations which have mean zero and are independent of everything it is multiplied with, so its
expectation is exactly zero. Subtracting it from a coupled difference leaves the mean alone and takes away all
noise of order n^{-1/2}: what remains has a standard deviation of order 1/n, like the difference of the means
itself, so that the relative error does not grow with the width (300 times fewer draws at n = 512).

Source: theory notes 3.2 (C), 3.6 and 3.8 for the coupling; the first-order control variate is derived here.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from widthscope.attention.gram import TokenLaw
from widthscope.attention.sampling import bartlett_factor, normals
from widthscope.attention.token_laws import finite_roots, limit_root


@dataclass(frozen=True)
class CoupledCovariances:
    """Covariances across tokens of one output coordinate given all but the output weights, (N, s, s) each.

    Attributes:
        finite: of the layer of width n, given its scores and values.
        limit: of the limit law, given its scores.
        first_order: first-order change from the limit to the finite layer; its mean given the limit is zero.
    """

    finite: Tensor
    limit: Tensor
    first_order: Tensor


def coupled_covariances(
    law: TokenLaw,
    heads: int,
    tokens: int,
    width: int,
    draws: int,
    generator: torch.Generator,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> CoupledCovariances:
    """N coupled draws of a layer with d = d_k = d_v = n and of its limit.

    Args:
        law: token law; ``fixed`` tokens are orthonormal, K = I.
        heads: H.
        tokens: s <= n.
        width: n.
        draws: N.
        generator: CPU generator.
        dtype: of the draws; the means over them are the caller's, in float64.
        device: where the layers are computed; random numbers always come from the CPU.

    Raises:
        ValueError: if there are more tokens than the width has dimensions.
    """
    gram = np.eye(tokens) if law == "fixed" else None
    exact = limit_root(law, tokens, gram)
    root = exact.to(device=device, dtype=dtype)
    finite = finite_roots(law, tokens, width, draws, generator, gram=gram, dtype=dtype, device=device)
    change = torch.zeros_like(root) if law == "fixed" else _root_change(finite, exact)
    identity = torch.eye(tokens, dtype=torch.float64)
    total = total_limit = total_change = torch.zeros((), dtype=dtype, device=device)
    for _ in range(heads):
        query, value = (
            bartlett_factor(tokens, width, draws, generator, dtype=dtype, device=device) for _ in range(2)
        )
        Z = normals((draws, tokens, tokens), generator, dtype, device)
        attended = torch.softmax(finite @ (query @ Z) @ finite.mT, dim=-1) @ (finite @ value)
        attention = torch.softmax(root @ Z @ root.mT, dim=-1)
        attended_limit = attention @ root
        inner = root @ (_root_change(query, identity) @ Z) + change @ Z
        scores_change = inner @ root.mT + root @ Z @ change.mT
        weighted = attention * scores_change
        attention_change = weighted - attention * weighted.sum(dim=-1, keepdim=True)
        attended_change = (
            attention_change @ root + attention @ change + attended_limit @ _root_change(value, identity)
        )
        crossed = attended_change @ attended_limit.mT
        total = total + attended @ attended.mT
        total_limit = total_limit + attended_limit @ attended_limit.mT
        total_change = total_change + crossed + crossed.mT
    return CoupledCovariances(total / heads, total_limit / heads, total_change / heads)


def _root_change(roots: Tensor, limit: Tensor) -> Tensor:
    """First-order change L Phi(L^{-1} R R^T L^{-T} - I) of lower-triangular roots R (N, s, s) of limit L."""
    inverse = torch.linalg.inv(limit).to(device=roots.device, dtype=roots.dtype)
    whitened = inverse @ roots
    deviation = whitened @ whitened.mT
    lower = deviation.tril(-1)
    lower.diagonal(dim1=-2, dim2=-1).copy_((deviation.diagonal(dim1=-2, dim2=-1) - 1) / 2)
    return torch.matmul(limit.to(device=roots.device, dtype=roots.dtype), lower)
