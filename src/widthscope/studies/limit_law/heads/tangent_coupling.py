r"""A layer and its limit on common random numbers, with the first-order difference taken out.

Finite width enters a layer through Bartlett factors B / √d → I of scores and values and through the root L̂
→ L of the tokens' Gram. Their deviations δ from their own means are independent of the score noise Z, so
the derivative of any function of the layer at its limit, in the direction δ, has mean zero exactly.
Subtracting it from the difference of a finite layer and its limit (a control variate) leaves the mean alone
and lowers the noise per draw from d^{-1/2} to d^{-1},
the size of the mean itself: the squared distance is then known to the same relative error at every width.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import poch
from torch import Tensor

from widthscope.attention.sampling import bartlett_factor, characteristic_function, normals


@dataclass(frozen=True)
class CoupledLayers:
    """Covariances across tokens of N coupled layers, each (N, s, s).

    Attributes:
        finite: given scores and values, at finite width.
        limit: of the limit law, on the same Z.
        tangent: derivative of the covariance at the limit in the direction of the deviations; mean zero.
    """

    finite: Tensor
    limit: Tensor
    tangent: Tensor

    def difference(self, frequencies: Tensor) -> Tensor:
        """Finite less limit characteristic function, less the derivative, which has mean zero; (N, R).

        The function is exp(-½ Σ_α w_αᵀ Σ w_α) and its derivative that times -½ Σ_α w_αᵀ dΣ w_α.

        Args:
            frequencies: (R, m, s).
        """
        finite = characteristic_function(self.finite, frequencies)
        limit = characteristic_function(self.limit, frequencies)
        forms = (frequencies.mT @ frequencies).flatten(1).to(self.tangent)
        slope = self.tangent.flatten(1) @ forms.mT
        return finite - limit * (1 - 0.5 * slope)


def mean_factor(rank: int, degrees: int) -> Tensor:
    """Mean of B / √d, (r,) on its diagonal: √(2/d) Γ((d-i+1)/2) / Γ((d-i)/2), i = 0..r-1, that of χ_{d-i}."""
    halves = (degrees - np.arange(rank)) / 2
    return torch.from_numpy(np.sqrt(2 / degrees) * poch(halves, 0.5))


def mean_clip_root(tokens: int, width: int) -> Tensor:
    """Mean of the root √r B / √n of the `clip` tokens' Gram, (s,) on its diagonal; √r is apart from B."""
    return mean_factor(tokens, width) * mean_factor(1, width)


def sample_coupled(
    root: Tensor,
    mean_root: Tensor,
    limit_root: Tensor,
    heads: int,
    head_dim: int | None,
    draws: int,
    generator: torch.Generator,
) -> CoupledLayers:
    """Draws of a layer with d_k = d_v = `head_dim` and of its limit.

    Args:
        root: L̂ of the tokens' Gram, (N, s, s), or (s, s) for fixed tokens.
        mean_root: its mean, (s, s).
        limit_root: L, (s, s).
        heads: H.
        head_dim: d_k = d_v >= s, or None for infinity, where only the tokens differ from their limit.
        draws: N.
        generator: CPU generator.
    """
    tokens = limit_root.shape[-1]
    finite = limit = tangent = torch.zeros((), dtype=limit_root.dtype, device=limit_root.device)
    d_root = root - mean_root
    for _ in range(heads):
        query, d_query = _factor(tokens, head_dim, draws, generator, limit_root)
        value, d_value = _factor(tokens, head_dim, draws, generator, limit_root)
        Z = normals((draws, tokens, tokens), generator, limit_root.dtype, limit_root.device)
        attended = torch.softmax(root @ query @ Z @ root.mT, dim=-1) @ (root @ value)
        A = torch.softmax(limit_root @ Z @ limit_root.mT, dim=-1)
        in_limit = A @ limit_root
        d_scores = (d_root + limit_root @ d_query) @ Z @ limit_root.mT + limit_root @ Z @ d_root.mT
        d_attention = A * (d_scores - (A * d_scores).sum(dim=-1, keepdim=True))
        d_attended = d_attention @ limit_root + A @ (d_root + limit_root @ d_value)
        half = d_attended @ in_limit.mT
        finite = finite + attended @ attended.mT / heads
        limit = limit + in_limit @ in_limit.mT / heads
        tangent = tangent + (half + half.mT) / heads
    return CoupledLayers(finite, limit, tangent)


def _factor(
    rank: int, degrees: int | None, draws: int, generator: torch.Generator, like: Tensor
) -> tuple[Tensor, Tensor]:
    """B / √d and its deviation from its mean; I and zero at infinite d."""
    if degrees is None:
        return torch.eye(rank).to(like), torch.zeros(rank, rank).to(like)
    factor = bartlett_factor(rank, degrees, draws, generator, dtype=like.dtype, device=like.device)
    return factor, factor - torch.diag(mean_factor(rank, degrees)).to(like)
