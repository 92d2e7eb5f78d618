"""Whether chains have converged: rank-normalised split R-hat and effective sample sizes, by ArviZ.

Both compare the chains of one quantity (Vehtari, Gelman, Simpson, Carpenter, Buerkner, Bayesian Analysis 16,
667, 2021). A chain that has not converged decides nothing: `gated` makes its numbers NaN, which rules judge
as not measured.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from arviz_stats.base.array import array_stats
from numpy.typing import ArrayLike, NDArray

from widthscope.errors import PosteriorError

FloatArray = NDArray[np.float64]

ARVIZ: Any = array_stats
"""ArviZ's statistics of plain arrays, which are untyped."""

LARGEST_R_HAT = 1.05
SMALLEST_EFFECTIVE_SIZE = 200.0


@dataclass(frozen=True)
class Convergence:
    """Of every quantity: R-hat and the effective sample sizes of its bulk and of its variance, (...)."""

    r_hat: FloatArray
    bulk: FloatArray
    spread: FloatArray

    def converged(
        self,
        largest_r_hat: float = LARGEST_R_HAT,
        smallest_size: float = SMALLEST_EFFECTIVE_SIZE,
    ) -> NDArray[np.bool_]:
        """Which quantities have R-hat below the one limit and both sizes above the other, (...)."""
        sizes = np.minimum(self.bulk, self.spread)
        return np.asarray((self.r_hat < largest_r_hat) & (sizes > smallest_size))


def convergence(draws: ArrayLike) -> Convergence:
    """Diagnostics of draws (..., chain, draw).

    Raises:
        PosteriorError: if there are fewer than two chains or four draws, of which R-hat says nothing.
    """
    values = np.asarray(draws, dtype=float)
    chains, count = values.shape[-2:]
    if chains < 2 or count < 4:
        raise PosteriorError(
            f"convergence is judged by 2 chains of 4 draws at least, not by {chains} of {count}"
        )
    centred = values - values.mean((-2, -1), keepdims=True)
    return Convergence(
        np.asarray(ARVIZ.rhat(values, chain_axis=-2, draw_axis=-1)),
        np.asarray(ARVIZ.ess(values, chain_axis=-2, draw_axis=-1)),
        np.asarray(ARVIZ.ess(centred**2, chain_axis=-2, draw_axis=-1, method="mean")),
    )


def gated(values: ArrayLike, converged: ArrayLike) -> FloatArray:
    """The values (..., rest) where everything of the leading place has converged, else NaN.

    Args:
        values: (K..., rest...).
        converged: (K...) of bool.
    """
    numbers, passed = np.asarray(values, dtype=float), np.asarray(converged, dtype=bool)
    return np.where(passed.reshape(passed.shape + (1,) * (numbers.ndim - passed.ndim)), numbers, np.nan)
