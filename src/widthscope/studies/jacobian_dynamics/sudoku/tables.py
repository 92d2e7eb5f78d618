"""The trained arms, seed by seed, from the spectral stage."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from widthscope.errors import StudyError

PREFIX = "spectra/sudoku"
WIDE = "akorn-"
"""Before the number of coordinates, in the name of the arm with one oscillator for a token."""


@dataclass(frozen=True)
class Arms:
    """What was measured of every arm.

    Attributes:
        tables: by arm, over (seed, ...).
        board: one board as it is filled.
    """

    tables: Mapping[str, xr.Dataset]
    board: xr.Dataset

    def __getitem__(self, arm: str) -> xr.Dataset:
        return self.tables[arm]

    @property
    def wide(self) -> str:
        """Name of the arm with one oscillator for a token."""
        return next(arm for arm in self.tables if arm.startswith(WIDE))

    @property
    def trained(self) -> int:
        """T, the iterations of the training."""
        return int(self["rms"].attrs["iterations"])

    @property
    def longest(self) -> int:
        """Most test-time iterations, in multiples of T."""
        return int(self["rms"]["iteration"].values[-1]) // self.trained

    def beyond(self, odd: int = 0) -> list[int]:
        """2 T, 4 T, ... iterations, up to the most; with `odd` 1, one more of each."""
        multiples = [2**k for k in range(1, 20) if 2**k <= self.longest]
        return [multiple * self.trained + odd for multiple in multiples]

    def share(self, arm: str, what: str, part: str, iterations: int | list[int]) -> np.ndarray:
        """Share of `boards` or `cells` of a part that is right, averaged over iterations, (seed,)."""
        found = self[arm][what].sel(part=part, iteration=np.atleast_1d(iterations))
        return np.asarray(found.mean("iteration", skipna=False).values)


def arms_of(shards: Mapping[str, xr.DataTree]) -> Arms:
    """Every arm of the family's shards.

    Raises:
        StudyError: if there is none.
    """
    nodes: dict[str, xr.Dataset] = {}
    for name, shard in shards.items():
        if name.startswith(PREFIX):
            nodes |= {str(arm): node.to_dataset().load() for arm, node in shard.children.items()}
    if "rms" not in nodes:
        raise StudyError(
            f"the spectral stage has no shard '{PREFIX.removeprefix('spectra/')}*' with the arm 'rms'"
        )
    board = nodes.pop("board")
    return Arms({arm: table.swap_dims(member="seed") for arm, table in nodes.items()}, board)


def moduli(table: xr.Dataset, when: str = "trained") -> xr.DataArray:
    """|lambda| of the first `eigen_seeds` seeds, (seed, eigenvalue), by decreasing size; NaN for those that
    diverged, which are not left out, since that would favour the others."""
    real, imag = (_of_seeds(table, part, when) for part in ("real", "imag"))
    return (real**2 + imag**2) ** 0.5


def largest_imaginary(table: xr.Dataset, when: str = "trained") -> np.ndarray:
    """Largest |Im lambda| of each of these seeds, (seed,), NaN as in `moduli`."""
    return np.asarray(abs(_of_seeds(table, "imag", when)).max("eigenvalue", skipna=False).values)


def _of_seeds(table: xr.Dataset, part: str, when: str) -> xr.DataArray:
    values = table[f"eigenvalue_{part}"].sel(when=when)
    return values.isel(seed=slice(int(table.attrs["eigen_seeds"])))
