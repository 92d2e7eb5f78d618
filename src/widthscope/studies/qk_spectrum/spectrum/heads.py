"""Query and key weights of the heads that the experiments are about."""

import numpy as np

from widthscope.attention.gram import FloatArray

Weights = tuple[FloatArray, FloatArray]


def gaussian(shape: tuple[int, ...], generator: np.random.Generator) -> Weights:
    """W_Q and W_K of independent N(0, 1) entries, as at initialisation up to scale; shape (..., d_h, d)."""
    return generator.standard_normal(shape), generator.standard_normal(shape)


def aligned(shape: tuple[int, ...], generator: np.random.Generator, noise: float = 0.5) -> Weights:
    """Keys that are queries plus noise: eigenvalues with a mean far from zero, as training makes them."""
    query = generator.standard_normal(shape)
    return query, query + noise * generator.standard_normal(shape)


def heavy_tailed(shape: tuple[int, ...], generator: np.random.Generator) -> Weights:
    """Aligned, with entries of Student's law of 2 degrees of freedom: a few entries dominate."""
    query = generator.standard_t(2, shape)
    return query, query + 0.5 * generator.standard_t(2, shape)


def one_direction(shape: tuple[int, ...], generator: np.random.Generator) -> Weights:
    """Every query and every key along one direction: W has rank one."""
    direction = generator.standard_normal((*shape[:-2], 1, shape[-1]))
    return (generator.standard_normal((*shape[:-1], 1)) * direction,) * 2
