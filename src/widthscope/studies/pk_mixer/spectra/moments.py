"""Draws of the moments: of small factors where they give those of the large matrix, else of the matrix."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from widthscope.mixers.mixing import commutation, initial_weights
from widthscope.mixers.permuted_kronecker import permute, random_permutations, repeated_product
from widthscope.mixers.sparse import initial_sparse_weights, random_mask

CHUNK = 2000
"""Small factors that are drawn at once."""


def moments(matrices: Tensor) -> Tensor:
    """tr A^T A and tr (A^T A)^2 of matrices (..., rows, columns), over the columns: (..., 2)."""
    gram = matrices.mT @ matrices
    columns = matrices.shape[-1]
    return torch.stack([gram.diagonal(dim1=-2, dim2=-1).sum(-1), gram.square().sum((-2, -1))], -1) / columns


def mixer_layers(side: int, expansion: int, draws: int, generator: torch.Generator) -> np.ndarray:
    """Moments (draw, 2) of I_C kron W: those of W, whose singular values it repeats."""
    found = [
        moments(initial_weights(count, expansion * side, side, side, 1.0, generator))
        for count in _chunks(draws)
    ]
    return torch.cat(found).numpy()


def sparse_layers(side: int, expansion: int, draws: int, generator: torch.Generator) -> np.ndarray:
    """Moments (draw, 2) of sparse layers of expansion m x m with S connections of a unit on average."""
    return torch.stack([moments(sparse_layer(side, expansion, generator)) for _ in range(draws)]).numpy()


def sparse_layer(side: int, expansion: int, generator: torch.Generator) -> Tensor:
    """One sparse layer (expansion m, m)."""
    units = side * side
    mask = random_mask(expansion * units, units, expansion * units * side, generator)
    return initial_sparse_weights(mask, 1.0, generator)


def mixer_products(side: int, draws: int, generator: torch.Generator) -> np.ndarray:
    """Moments (draw, 2) of V^T kron W: products of those of V and of W."""
    first, second = (mixer_layers(side, 1, draws, generator) for _ in range(2))
    return np.asarray(first * second)


def unmixed_products(side: int, draws: int, generator: torch.Generator) -> np.ndarray:
    """Moments (draw, 2) of (I kron V)(I kron W) with no permutation between: those of V W."""
    found = [
        moments(
            initial_weights(count, side, side, side, 1.0, generator)
            @ initial_weights(count, side, side, side, 1.0, generator)
        )
        for count in _chunks(draws)
    ]
    return torch.cat(found).numpy()


def permuted_product(side: int, between: str, generator: torch.Generator) -> Tensor:
    """`product_of` two drawn factors."""
    W, V = initial_weights(2, side, side, side, 1.0, generator)
    return product_of(W, V, between, generator)


def factor_deviation(side: int, between: str, generator: torch.Generator) -> float:
    """Largest relative difference of a whole product's moments from the products of its factors' moments."""
    W, V = initial_weights(2, side, side, side, 1.0, generator)
    wanted = moments(W) * moments(V)
    return float((moments(product_of(W, V, between, generator)) / wanted - 1).abs().max())


def product_of(W: Tensor, V: Tensor, between: str, generator: torch.Generator) -> Tensor:
    """The matrix (V kron I) J (W kron I) of width side^2, with J "random", "identity" or "commutation".

    On row-major tables W kron I mixes tokens; between two such mixings the commutation makes it a mixer.
    """
    side = len(W)
    units = side * side
    inner = repeated_product(W, torch.eye(units, dtype=torch.float64))
    if between == "random":
        inner = permute(inner, random_permutations(1, units, generator)[0])
    elif between == "commutation":
        inner = permute(inner, commutation(side, side))
    return repeated_product(V, inner)


def sparse_product(side: int, generator: torch.Generator) -> Tensor:
    """The product of two independent sparse layers of width side^2."""
    return sparse_layer(side, 1, generator) @ sparse_layer(side, 1, generator)


def signal_sizes(
    side: int, depth: int, with_density: bool, generator: torch.Generator, examples: int = 16
) -> float:
    """Mean square of activations after `depth` sparse ReLU layers over that of the Gaussian inputs.

    Weights of variance 2 / (p m), or 2 / m without the density.
    """
    units = side * side
    inputs = torch.randn(units, examples, dtype=torch.float64, generator=generator)
    x = inputs
    density = 1 / side
    for _ in range(depth):
        layer = sparse_layer(side, 1, generator) * 2**0.5
        x = ((layer if with_density else layer * density**0.5) @ x).relu()
    return float(x.square().mean() / inputs.square().mean())


def _chunks(draws: int) -> Iterator[int]:
    for begin in range(0, draws, CHUNK):
        yield min(CHUNK, draws - begin)
