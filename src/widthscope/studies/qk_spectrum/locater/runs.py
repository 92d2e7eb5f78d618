"""The trained arms, seed by seed, from the shards of the sweep."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from widthscope.errors import StudyError
from widthscope.studies.qk_spectrum.locater.arms import ARMS

PREFIX = "locater"
CHOOSING = 4
"""Of several strengths, one seed in so many, the first ones, choose the best; the others are judged."""


@dataclass(frozen=True)
class Runs:
    """Every arm at one strength, with the seeds that are judged.

    Attributes:
        arms: for each arm what its members measured, over (seed, ...), in the order of `ARMS`.
        strengths: of each arm's penalty; 0 without one.
    """

    arms: Mapping[str, xr.Dataset]
    strengths: Mapping[str, float]

    def pairs(self, quantity: str, first: str, second: str) -> np.ndarray:
        """`quantity` of one arm less that of another, for the seeds that both have, (seed,)."""
        one, other = xr.align(self.arms[first][quantity], self.arms[second][quantity], join="inner")
        return np.asarray((one - other).values, dtype=float)


def runs_of(shards: Mapping[str, xr.DataTree]) -> Runs:
    """The arms of a sweep, each at its best strength by validation loss.

    Raises:
        StudyError: if there is no run without a penalty.
    """
    found: dict[str, dict[float, xr.Dataset]] = {}
    for name, shard in shards.items():
        for run in shard.children.values() if name.startswith(PREFIX) else ():
            table = measured(run)
            found.setdefault(str(table.attrs["arm"]), {})[float(table.attrs["strength"])] = table
    if "none" not in found:
        raise StudyError(f"the sweep has no shard '{PREFIX}*' with the run 'none'")
    several = any(len(by_strength) > 1 for by_strength in found.values())
    choosing = found["none"][0.0].sizes["seed"] // CHOOSING if several else 0
    best = {arm: _best(by_strength, choosing) for arm, by_strength in found.items()}
    return Runs(
        arms={arm: found[arm][best[arm]].isel(seed=slice(choosing, None)) for arm in ARMS if arm in found},
        strengths=best,
    )


def measured(run: xr.DataTree) -> xr.Dataset:
    """One run over (seed, ...), with the logarithm of the concentration, averaged over layers and heads."""
    table = run.to_dataset().load().swap_dims(member="seed")
    concentration = table["trace"] ** 2 / (int(table.attrs["head_dim"]) * table["frobenius_square"])
    logarithm = xr.apply_ufunc(np.log, concentration)
    mean = logarithm.mean(("layer", "head"), skipna=False)
    return table.assign(log_concentration=mean, final_log_concentration=mean.isel(step=-1, drop=True))


def _best(by_strength: Mapping[float, xr.Dataset], choosing: int) -> float:
    """The strength of the lowest mean validation loss over the first seeds; a diverged seed rules it out."""
    if len(by_strength) == 1:
        return next(iter(by_strength))

    def loss(strength: float) -> float:
        first = by_strength[strength]["validation_loss"].values[:choosing]
        mean = float(np.mean(first))
        return mean if np.isfinite(mean) else np.inf

    return min(sorted(by_strength), key=loss)
