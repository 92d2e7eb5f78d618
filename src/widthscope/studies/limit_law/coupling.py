"""Layers coupled to their limit, by token law, for the rates in the width and in the head dimension."""

import numpy as np
import torch

from widthscope.attention.gram import TokenLaw
from widthscope.attention.sampling import CoupledLayers, coupled_layers
from widthscope.attention.token_laws import finite_roots, limit_root


def coupled_to_limit(
    law: TokenLaw,
    heads: int,
    tokens: int,
    width: int | None,
    head_dim: int | None,
    draws: int,
    generator: torch.Generator,
    *,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> CoupledLayers:
    """N coupled draws of a layer with d_k = d_v on the tokens of a law, and of its limit.

    Args:
        law: token law; ``fixed`` tokens are orthonormal, K = I.
        heads: H.
        tokens: s.
        width: entries n >= s of one random token; None leaves their Gram at its limit. Fixed tokens have one
            Gram at every width.
        head_dim: d_k = d_v >= s, or None for infinity.
        draws: N.
        generator: CPU generator.
        dtype: of the draws; the means over them are the caller's, in float64.
        device: where the layers are computed; random numbers always come from the CPU.

    Raises:
        ValueError: if there are more tokens than a width or head dimension.
    """
    limit = limit_root(law, tokens, np.eye(tokens) if law == "fixed" else None)
    finite = limit
    if law != "fixed" and width is not None:
        finite = finite_roots(law, tokens, width, draws, generator)
    return coupled_layers(
        finite, limit, heads, head_dim, head_dim, draws, generator, dtype=dtype, device=device
    )
