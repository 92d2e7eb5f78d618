"""Sliced energy distance of samples of vectors, for laws of which only draws exist (trained networks)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from widthscope.statistics.distances import energy_distance

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class SlicedEnergy:
    """A sliced energy distance, with the same statistic between two samples of the reference as its floor.

    `excess` is distance - floor; `standard_error` belongs to it (`degrees` of freedom). `p_value` is that of
    the equality of the two laws, by permutation.
    """

    distance: float
    floor: float
    excess: float
    standard_error: float
    degrees: float
    p_value: float


def random_directions(count: int, dimension: int, generator: np.random.Generator) -> Array:
    """Return (count, dimension) directions, uniform on the unit sphere."""
    normal = generator.standard_normal((count, dimension))
    directions: Array = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    return directions


def sliced_energy(sample: ArrayLike, reference: ArrayLike, directions: Array) -> float:
    """Return the unbiased energy distance of projections, averaged over directions.

    Args:
        sample: (N, d) independent draws.
        reference: (M, d) independent draws.
        directions: (P, d), chosen without looking at the draws.
    """
    x, y = _vectors(sample) @ directions.T, _vectors(reference) @ directions.T
    return float(np.mean([energy_distance(x[:, p], y[:, p]) for p in range(len(directions))]))


def sliced_energy_test(
    sample: ArrayLike,
    reference: ArrayLike,
    second_reference: ArrayLike,
    generator: np.random.Generator,
    directions: int = 64,
    permutations: int = 199,
    groups: int = 20,
) -> SlicedEnergy:
    """Compare a sample with a reference law: distance, floor, excess with its error, permutation p-value.

    The error is a delete-one-group jackknife in which every group drops its share of all three samples, so
    that what distance and floor have in common cancels; it is for the directions drawn, not over them. Close
    to equality the distance is a degenerate U-statistic, and this error is conservative. Equality is never
    shown by a large p-value: compare the upper end of `excess` with a distance that matters, such as a tenth
    of that to a rival law.

    Args:
        sample: (N, d) independent draws of the law in question.
        reference: (M, d) independent draws of the reference law.
        second_reference: (M', d) further independent draws of the reference law, for the floor.
        generator: random stream of the directions, groups and permutations.
        directions: number of projections.
        permutations: the p-value cannot fall below 1/(permutations + 1).
        groups: jackknife groups G; G - 1 degrees of freedom.

    Raises:
        ValueError: if the samples differ in dimension or hold fewer than 2·groups draws.
    """
    x, y, z = _vectors(sample), _vectors(reference), _vectors(second_reference)
    if len({x.shape[1], y.shape[1], z.shape[1]}) > 1 or min(len(x), len(y), len(z)) < 2 * groups:
        raise ValueError(
            f"samples of shapes {x.shape}, {y.shape}, {z.shape}: one dimension, {2 * groups} draws needed"
        )
    slices = random_directions(directions, x.shape[1], generator).T
    x, y, z = x @ slices, y @ slices, z @ slices
    distance, floor = _mean_energy(x, y), _mean_energy(z, y)
    member = [generator.permutation(len(draws)) % groups for draws in (x, y, z)]
    left_out = np.empty(groups)
    for group in range(groups):
        kept_x, kept_y, kept_z = (draws[m != group] for draws, m in zip((x, y, z), member, strict=True))
        left_out[group] = _mean_energy(kept_x, kept_y) - _mean_energy(kept_z, kept_y)
    error = np.sqrt((groups - 1) / groups * np.sum((left_out - left_out.mean()) ** 2))
    p_value = _permutation_p_value(x, y, distance, permutations, generator)
    return SlicedEnergy(distance, floor, distance - floor, float(error), groups - 1, p_value)


def _mean_energy(x: Array, y: Array) -> float:
    """Return the energy distance averaged over the columns of (N, P) and (M, P) projections."""
    return float(np.mean([energy_distance(x[:, p], y[:, p]) for p in range(x.shape[1])]))


def _permutation_p_value(
    x: Array, y: Array, distance: float, permutations: int, generator: np.random.Generator
) -> float:
    """Return (1 + #{permuted >= distance})/(1 + permutations), sorting each projection only once."""
    n, total = len(x), len(x) + len(y)
    pooled = np.concatenate([x, y])
    order = np.argsort(pooled, axis=0)
    ordered = np.take_along_axis(pooled, order, axis=0)
    ordered -= ordered.mean(0)
    pairs = (2 * np.arange(total) - total + 1) @ ordered
    first = np.zeros(total, dtype=bool)
    first[:n] = True
    as_large = 0
    for _ in range(permutations):
        in_x = generator.permutation(first)[order]
        within_x = _labelled_pair_sum(ordered, in_x, n)
        within_y = _labelled_pair_sum(ordered, ~in_x, total - n)
        m = total - n
        between = pairs - within_x - within_y
        energies = between / (n * m) - within_x / (n * (n - 1)) - within_y / (m * (m - 1))
        as_large += 2 * energies.mean() >= distance
    return float((1 + as_large) / (1 + permutations))


def _labelled_pair_sum(ordered: Array, labelled: np.ndarray, count: int) -> Array:
    """Return Σ_{i<j} |x_i - x_j| over the labelled entries of each sorted column."""
    ranks = 2 * np.cumsum(labelled, axis=0) - 1 - count
    total: Array = np.sum(np.where(labelled, ranks * ordered, 0.0), axis=0)
    return total


def _vectors(sample: ArrayLike) -> Array:
    x = np.asarray(sample, dtype=float)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise ValueError(f"a sample of vectors must be finite and of shape (draws, dimension), got {x.shape}")
    return x
