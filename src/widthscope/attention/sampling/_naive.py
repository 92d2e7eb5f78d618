"""The naive sampler: every weight of the layer is drawn. The independent witness for the others."""

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from widthscope.attention.gram import FloatArray
from widthscope.attention.sampling._layer import Head, LayerDraws, as_root, check_sizes, normals, sum_heads

WeightLaw: TypeAlias = Literal["gaussian", "rademacher", "uniform", "sparse"]


def sample_naive(
    tokens: Tensor | FloatArray,
    heads: int,
    head_dim: int,
    value_dim: int,
    draws: int,
    coordinates: int,
    generator: torch.Generator,
    *,
    weight_law: WeightLaw = "gaussian",
    mask: Tensor | None = None,
    score_power: float = 0.5,
    tied_query_key: bool = False,
    keep_heads: bool = False,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> LayerDraws:
    """Draws of a layer with all its weights: W_Q, W_K, W_V of variance 1/d and W_O of variance 1/d_v.

    Args:
        tokens: X (s, d), or one per draw (N, s, d).
        heads, head_dim, value_dim, draws: H, d_k, d_v, N.
        coordinates: m columns of W_O, independent and therefore as many as are wanted; n for the whole
            layer.
        generator: CPU generator.
        weight_law: law of the entries, standardised: ``gaussian``, ``rademacher`` (signs), ``uniform``, or
            ``sparse`` (zero but for one sign per fan-in on average), whose sums have no Gaussian limit.
        mask, score_power, tied_query_key, keep_heads: as `sample_finite`.

    Raises:
        ValueError: if a size or shape is wrong, or the weight law is unknown.

    Costs H (d (2 d_k + d_v) + d_v m) random numbers per draw and as much memory for one head.
    Source: arXiv:2506.00846, definition of the layer; theory notes 2 and 3.2 (A).
    """
    check_sizes(draws, coordinates, heads=heads, head_dim=head_dim, value_dim=value_dim)
    if weight_law not in get_args(WeightLaw):
        raise ValueError(f"unknown weight law {weight_law!r}: one of {', '.join(get_args(WeightLaw))}")
    X = as_root(tokens, draws, dtype, device)
    L = X / X.shape[-1] ** 0.5

    def weights(*shape: int) -> Tensor:
        return _entries((draws, *shape), weight_law, generator, dtype, device)

    def each_head() -> Iterator[Head]:
        dim = X.shape[-1]
        for _ in range(heads):
            query = L @ weights(dim, head_dim)
            key = query if tied_query_key else L @ weights(dim, head_dim)
            values = L @ weights(dim, value_dim) / value_dim**0.5
            scores = query @ key.mT * float(head_dim) ** -score_power
            yield Head(scores, values, weights(value_dim, coordinates))

    return sum_heads(each_head(), L, mask, coordinates, keep_heads)


def _entries(
    shape: Sequence[int],
    law: WeightLaw,
    generator: torch.Generator,
    dtype: torch.dtype,
    device: torch.device | str,
) -> Tensor:
    """Independent entries of mean zero and variance one; the fan-in is the last dimension but one."""
    if law == "gaussian":
        return normals(shape, generator, dtype, device)
    if law == "rademacher":
        return torch.randint(0, 2, tuple(shape), generator=generator, dtype=dtype).mul_(2).sub_(1).to(device)
    uniform = torch.rand(tuple(shape), generator=generator, dtype=dtype).sub_(0.5)
    if law == "uniform":
        return uniform.mul_(12**0.5).to(device)
    fan_in = shape[-2]
    chosen = uniform.abs() < 0.5 / fan_in
    return (uniform.sign_() * chosen).mul_(fan_in**0.5).to(device)
