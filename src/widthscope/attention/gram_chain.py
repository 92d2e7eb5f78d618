"""Stacks of attention layers as a Markov chain of Gram matrices, at finite width and in the limit.

One layer maps tokens with Gram K to outputs whose Gram depends on K alone, so a deep stack of n-wide layers
is a chain on s x s matrices whose cost does not depend on n. With skip weight lambda the next tokens are x
+ lambda y (y alone without a skip); normalisation divides every token by its root mean square. Extension
beyond arXiv:2506.00846, derived in the theory notes 3.7. Torch, float64.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.attention.sampling import bartlett_factor, normals, sample_finite, sample_limit, sample_naive


@dataclass(frozen=True)
class Block:
    """What follows the attention of every layer.

    Attributes:
        heads: H.
        skip: lambda, the weight of the attention output in x + lambda y; None for y alone.
        normalise: divide every token by its root mean square (RMSNorm).
    """

    heads: int
    skip: float | None = None
    normalise: bool = False


@dataclass(frozen=True)
class ChainLayer:
    """One layer of N independent stacks.

    Attributes:
        covariance: (N, s, s), covariance across tokens of a coordinate of the attention output y, given all
            that came before and the layer's attention and values.
        gram: (N, s, s), Gram of the tokens that leave the layer.
    """

    covariance: Tensor
    gram: Tensor


def symmetric_root(grams: Tensor) -> Tensor:
    """Symmetric roots of positive semi-definite matrices (N, s, s); negative rounding is clipped."""
    values, vectors = torch.linalg.eigh(grams)
    return torch.matmul(vectors * values.clamp_min(0).sqrt().unsqueeze(-2), vectors.mT)


def limit_chain(
    gram: Tensor, layers: int, block: Block, generator: torch.Generator, *, mask: Tensor | None = None
) -> Iterator[ChainLayer]:
    """The infinite-width chain: Sigma = (1/H) sum_a A^a K A^aT, then K' = Sigma, or K + lambda^2 Sigma.

    Args:
        gram: K of the first layer's tokens, (N, s, s) float64.
        layers: number of layers.
        block: heads, skip and normalisation of every layer.
        generator: CPU generator.
        mask: boolean (s, s), see `widthscope.attention.masks`.

    Yields:
        The layers, first to last.
    """
    grams = _stack(gram)
    for _ in range(layers):
        root = symmetric_root(grams)
        covariance = sample_limit(root, block.heads, len(grams), 0, generator, mask=mask).covariance
        grams = covariance if block.skip is None else grams + block.skip**2 * covariance
        grams = _normalised(grams) if block.normalise else grams
        yield ChainLayer(covariance, grams)


def finite_chain(
    gram: Tensor,
    layers: int,
    width: int,
    block: Block,
    generator: torch.Generator,
    *,
    mask: Tensor | None = None,
) -> Iterator[ChainLayer]:
    """The exact chain of layers of width n = d_k = d_v, at O(s^3) per layer and stack.

    Given attention and values, the columns of Y are iid N(0, S), S = (1/H) sum_a A^a L B' B'^T L^T A^aT /
    n. Without a skip K' ~ Wishart(n, S) / n. With one, split the n dimensions into the s that hold the
    tokens and the rest: K' = T T^T + lambda^2 L_S R R^T L_S^T with T = C + lambda L_S Z / sqrt(n), C the
    root of K, Z (s, s) iid N(0, 1) and R R^T ~ Wishart(n - s, I) / n.

    Arguments and result as `limit_chain`, with `width` n >= 2 s.

    Raises:
        ValueError: if n < 2 s.
    """
    grams = _stack(gram)
    draws, tokens = grams.shape[:2]
    if width < 2 * tokens:
        raise ValueError(f"width must be at least twice the {tokens} tokens, not {width}")
    for _ in range(layers):
        root = symmetric_root(grams)
        layer = sample_finite(root, block.heads, width, width, draws, 0, generator, mask=mask)
        covariance = layer.covariance_given_values
        assert covariance is not None
        output_root = symmetric_root(covariance)
        if block.skip is None:
            moved = output_root @ bartlett_factor(tokens, width, draws, generator)
            grams = moved @ moved.mT
        else:
            output_root = block.skip * output_root
            inside = root + output_root @ normals((draws, tokens, tokens), generator) / width**0.5
            rest = bartlett_factor(tokens, width - tokens, draws, generator)
            outside = output_root @ rest * ((width - tokens) / width) ** 0.5
            grams = inside @ inside.mT + outside @ outside.mT
        grams = _normalised(grams) if block.normalise else grams
        yield ChainLayer(covariance, grams)


def naive_chain(
    tokens: Tensor, layers: int, block: Block, generator: torch.Generator, *, mask: Tensor | None = None
) -> Iterator[ChainLayer]:
    """The same stack with all weights drawn, the witness for `finite_chain`: O(H n^2) normals per layer.

    Args:
        tokens: (N, s, n) float64, tokens of the first layer.
        layers, block, generator, mask: as `limit_chain`.
    """
    X = tokens
    draws, _, width = X.shape
    for _ in range(layers):
        layer = sample_naive(X, block.heads, width, width, draws, width, generator, mask=mask)
        assert layer.outputs is not None
        assert layer.covariance_given_values is not None
        X = layer.outputs if block.skip is None else X + block.skip * layer.outputs
        if block.normalise:
            X = X / X.square().mean(-1, keepdim=True).sqrt()
        yield ChainLayer(layer.covariance_given_values, X @ X.mT / width)


def token_correlation(grams: Tensor) -> Tensor:
    """Mean over pairs of tokens of K_ij / sqrt(K_ii K_jj), (N,): one after rank collapse."""
    tokens = grams.shape[-1]
    total = _normalised(grams).sum((-2, -1)) - tokens
    return total / (tokens * (tokens - 1))


def _stack(gram: Tensor) -> Tensor:
    if gram.ndim != 3 or gram.shape[-1] != gram.shape[-2]:
        raise ValueError(f"gram must have shape (N, s, s), not {tuple(gram.shape)}")
    return gram


def _normalised(grams: Tensor) -> Tensor:
    """K_ij / sqrt(K_ii K_jj)."""
    scale = grams.diagonal(dim1=-2, dim2=-1).rsqrt()
    return grams * scale.unsqueeze(-1) * scale.unsqueeze(-2)
