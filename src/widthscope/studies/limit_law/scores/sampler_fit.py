"""Evidence that the sampler has the law of full random weights."""

from typing import Any

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.statistics.distances import ks_of_counts, squared_mmd
from widthscope.statistics.evidence import law_evidence, of_estimates
from widthscope.statistics.intervals import jackknife


def _from_full_weights(shard: xr.Dataset, sampler: str) -> tuple[FloatArray, FloatArray]:
    """KS distances of a sampler from full weights (shape, statistic), and their p-values."""
    counts, naive = (shard.counts.sel(sampler=name).values for name in (sampler, "naive"))
    found = np.array(
        [
            [ks_of_counts(*laws) for laws in zip(*shape, strict=True)]
            for shape in zip(counts, naive, strict=True)
        ]
    )
    return found[..., 0], found[..., 1]


def _names(shards: xr.Dataset) -> list[str]:
    return [f"{shape}: {statistic}" for shape in shards.shape.values for statistic in shards.statistic.values]


def tests(shard: xr.Dataset) -> dict[str, tuple[xr.Dataset, xr.Dataset]]:
    """The 24 marginal laws and the 3 joint laws, each beside the limit law in the place of the sampler."""
    names, draws = _names(shard), shard.attrs["draws"]

    def laws(sampler: str) -> xr.Dataset:
        distance, p_value = _from_full_weights(shard, sampler)
        return law_evidence(names, distance.ravel(), p_value.ravel(), draws, draws)

    def joint(sampler: str) -> xr.Dataset:
        found = [_distance_ratio(shard.cf.sel(shape=shape), sampler) for shape in shard.shape.values]
        return of_estimates([str(shape) for shape in shard.shape.values], found, prediction=0.0, n=draws)

    return {
        "marginal-laws": (laws("bartlett"), laws("limit")),
        "joint-law": (joint("bartlett"), joint("limit again")),
    }


def _distance_ratio(cf: xr.DataArray, sampler: str) -> Any:
    """Squared joint distance of a sampler from full weights over that of the limit law, jackknifed."""

    def ratio(naive: FloatArray, other: FloatArray, limit: FloatArray) -> float:
        return float(squared_mmd(other - naive).value / squared_mmd(limit - naive).value)

    return jackknife(ratio, *(cf.sel(sampler=name).values for name in ("naive", sampler, "limit")))


def curves(shard: xr.Dataset) -> xr.Dataset:
    """What the figure shows."""
    found = {name: _from_full_weights(shard, name) for name in ("bartlett", "limit")}
    dims = ("shape", "statistic")
    return xr.Dataset(
        {
            f"{kind}_{name}": (dims, pair[at])
            for name, pair in found.items()
            for at, kind in enumerate(("ks", "p"))
        },
        coords={"shape": shard.shape.values, "statistic": shard.statistic.values},
        attrs={"draws": shard.attrs["draws"]},
    )
