"""Whether two order parameters agree beyond what the labels of heads allow: permutation over relabellings.

Order parameters of one network, from theory and from its trained weights, are both dominated by their
diagonals, and so correlate whatever the heads are. What the heads have to do with it shows when the heads of
one of them change names within their layers: the raw correlation less the mean over all relabellings is 0 in
expectation for order parameters that have nothing to do with each other, and its exact p-value is the share
of relabellings with at least the observed correlation.
"""

from dataclasses import dataclass
from itertools import permutations, product
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Indices = NDArray[np.int64]

EXACT = 5_000
"""Relabellings up to which all of them are tried; eight heads in two layers have 1.6e9."""

TIE = 1e-12
"""Correlations that differ by rounding are equal: matrices may be symmetric under a relabelling."""


@dataclass(frozen=True)
class Agreement:
    """Correlation of two matrices, and what relabelling makes of it.

    Attributes:
        correlation: Pearson's, over distinct entries.
        null_mean: mean over relabellings, the identity among them.
        p_value: share of relabellings whose correlation is at least as large.
    """

    correlation: float
    null_mean: float
    p_value: float

    @property
    def excess(self) -> float:
        """Correlation beyond the mean over relabellings."""
        return self.correlation - self.null_mean


def agreement(first: Matrix, second: Matrix, paths: Indices) -> Agreement:
    """Agreement of two symmetric matrices (D, D) under relabellings of the second.

    Args:
        first, second: matrices over paths.
        paths: from `relabellings`.
    """
    found = correlations(first, second, paths)
    return Agreement(float(found[0]), float(found.mean()), float((found >= found[0] - TIE).mean()))


def correlations(first: Matrix, second: Matrix, paths: Indices) -> Matrix:
    """Pearson correlation of `first` with every relabelling of `second`, over distinct entries, (R,)."""
    rows, columns = np.triu_indices(len(first))
    fixed = _standard(first[rows, columns])
    relabelled = _standard(second[paths[:, rows], paths[:, columns]])
    return np.asarray(relabelled @ fixed / len(rows))


def relabellings(heads: tuple[int, ...], generator: np.random.Generator | None = None) -> Indices:
    """Numbers of the paths under every joint relabelling of the heads within layers, (R, D).

    The first is the identity. Beyond `EXACT` relabellings, that many random ones beside it.

    Args:
        heads: by layer, the first the slowest in a path's number.
        generator: draws relabellings where there are too many.

    Raises:
        ValueError: if there are too many and nothing to draw from.
    """
    count = prod(factorial(each) for each in heads)
    if count <= EXACT:
        chosen = list(product(*(permutations(range(each)) for each in heads)))
        return np.stack([relabelled_paths(heads, one) for one in chosen])
    if generator is None:
        raise ValueError(f"{count} relabellings of heads {heads} are too many without a generator")
    drawn = [relabelled_paths(heads, [generator.permutation(each) for each in heads]) for _ in range(EXACT)]
    return np.stack([np.arange(prod(heads)), *drawn])


def relabelled_paths(heads: tuple[int, ...], names: "tuple[object, ...] | list[object]") -> Indices:
    """Number of the path that takes each path's place when head h of layer l is taken from names[l][h]."""
    grid = np.arange(prod(heads)).reshape(heads)
    return np.asarray(grid[np.ix_(*(np.asarray(each) for each in names))].ravel())


def combined(p_values: Matrix) -> float:
    """Fisher's combination of independent p-values: the chance of a product as small or smaller.

    With k values, -2 sum ln p has the chi-squared law of 2k degrees of freedom where all p are uniform;
    for the coarser p of a permutation it is conservative.
    """
    from scipy import stats  # a second to import

    return float(stats.combine_pvalues(p_values, method="fisher").pvalue)


def _standard(values: Matrix) -> Matrix:
    """Values along the last axis with mean 0 and mean square 1; NaN where they are all equal."""
    centred = values - values.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.asarray(centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True)))
