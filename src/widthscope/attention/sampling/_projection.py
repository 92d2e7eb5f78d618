"""The projection sampler: queries, keys and values drawn as Gaussian columns with covariance K."""

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


def sample_projection(
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
    """Draws of a layer of finite width, exact for every d_k and d_v, also below the number of tokens.

    Given the tokens, the columns of Q = X W_Q, of the keys and of the values are iid N(0, K). Costs
    H (r (2 d_k + d_v) + d_v m) normals per draw and as much memory for one head. Arguments and errors as
    `sample_finite`, whose law it shares wherever that one is defined.

    Source: theory notes 3.2 (B).
    """
    check_sizes(draws, coordinates, heads=heads, head_dim=head_dim, value_dim=value_dim)
    L = as_root(root, draws, dtype, device)

    def columns(count: int) -> Tensor:
        return times(L, normals((draws, L.shape[-1], count), generator, dtype, device))

    def head_scores() -> Tensor:
        query = columns(head_dim)
        key = query if tied_query_key else columns(head_dim)
        return torch.matmul(query, key.mT).mul_(float(head_dim) ** -score_power)

    def each_head() -> Iterator[Head]:
        scores = None
        for _ in range(heads):
            if scores is None or not shared_scores:
                scores = head_scores()
            values = columns(value_dim) / value_dim**0.5
            yield Head(scores, values, normals((draws, value_dim, coordinates), generator, dtype, device))

    return sum_heads(each_head(), L, mask, coordinates, keep_heads)
