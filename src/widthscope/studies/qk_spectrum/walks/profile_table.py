"""Profiles of the signal propagation probability as the fits of contrast and modes read them."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.statistics.evidence import of_estimates
from widthscope.statistics.intervals import batch_means
from widthscope.studies.qk_spectrum.walks.theory import Summaries, propagation

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Pair = tuple[float, float]
"""xi and eta of a spectrum."""

Row = tuple[str, FloatArray, float]
"""Name of a component, its (batch,) values, and its prediction."""


def pair_name(pair: Pair) -> str:
    """A pair as text."""
    return f"xi={pair[0]:g} eta={pair[1]:g}"


class Profiles:
    """Shares of propagating keys by spectrum, with where the Gaussian formula puts their peaks."""

    def __init__(self, table: xr.Dataset) -> None:
        self.table = table
        self.places: FloatArray = table["position"].values / table.attrs["tokens"]
        self.draws = int(table.attrs["walks"]) * table.sizes["batch"]
        names = table["spectrum"].values
        self.at = {
            (float(table["xi"][k]), float(table["eta"][k])): k
            for k in range(len(names))
            if names[k] != "antisymmetric"
        }
        self.antisymmetric = int(np.flatnonzero(names == "antisymmetric")[0])
        self.late, self.middle = sorted({xi for xi, _ in self.at if xi > 0})
        self.peaks = np.argmax(table["formula"].values, axis=1)

    def etas(self, xi: float) -> list[float]:
        """The etas of one xi, ascending."""
        return sorted(eta for one, eta in self.at if one == xi)

    def shares(self, row: int) -> FloatArray:
        """(batch, position) shares of propagating keys."""
        return np.asarray(self.table["propagated"].values[:, row], dtype=np.float64)

    def contrasts(self, row: int) -> FloatArray:
        """(batch,) shares less 1/2 where the formula has its peak: no position is picked by the draws."""
        return self.shares(row)[:, self.peaks[row]] - 0.5

    def predicted(self, row: int) -> float:
        """Contrast of the formula on the grid."""
        return float(self.table["formula"].values[row].max()) - 0.5

    def without_mean(self, eta: float) -> float:
        """Contrast that the formula has for xi = 0 on this grid, above zero as the walk is finite."""
        tokens = int(self.table.attrs["tokens"])
        return float(
            propagation(self.table["position"].values, tokens, Summaries.symmetric(0.0, eta)).max() - 0.5
        )

    def nearest(self, place: float) -> int:
        """Index of the grid's position closest to t/T = place."""
        return int(np.argmin(np.abs(self.places - place)))

    def measured(self, rows: Sequence[Row]) -> xr.Dataset:
        """Evidence from (name, (batch,) values, prediction)."""
        found = batch_means(np.stack([values for _, values, _ in rows], axis=1))
        return of_estimates(
            [name for name, _, _ in rows], found, [predicted for _, _, predicted in rows], n=self.draws
        )
