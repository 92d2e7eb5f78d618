"""Evidence that the sampler has the law of full random weights."""

from typing import Any

import numpy as np
import xarray as xr
from scipy.special import kolmogorov

from widthscope.attention.gram import FloatArray
from widthscope.statistics.distances import squared_mmd
from widthscope.statistics.evidence import evidence, law_evidence
from widthscope.statistics.intervals import jackknife


def _ks(counts: FloatArray, reference: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Two-sample KS distances over cells, (..., cell) -> (...), and asymptotic p-values.

    The supremum over cell edges is at most that over all points, so these p-values are never too small.
    """
    n, m = counts.sum(-1), reference.sum(-1)
    steps = np.cumsum(counts, -1) / n[..., None] - np.cumsum(reference, -1) / m[..., None]
    distance = np.abs(steps).max(-1)
    return distance, kolmogorov(np.sqrt(n * m / (n + m)) * distance)


def _names(shards: xr.Dataset) -> list[str]:
    return [f"{shape}: {statistic}" for shape in shards.shape.values for statistic in shards.statistic.values]


def tests(shard: xr.Dataset) -> dict[str, tuple[xr.Dataset, xr.Dataset]]:
    """The 24 marginal laws and the 3 joint laws, each beside the limit law in the place of the sampler."""
    names, draws = _names(shard), shard.attrs["draws"]

    def laws(sampler: str) -> xr.Dataset:
        counts = (shard.counts.sel(sampler=name).values for name in (sampler, "naive"))
        distance, p_value = _ks(*counts)
        return law_evidence(names, distance.ravel(), p_value.ravel(), draws, draws)

    def joint(sampler: str) -> xr.Dataset:
        found = [_distance_ratio(shard.cf.sel(shape=shape), sampler) for shape in shard.shape.values]
        return evidence(
            [str(shape) for shape in shard.shape.values],
            [ratio.value for ratio in found],
            [ratio.standard_error for ratio in found],
            prediction=0.0,
            n=draws,
            degrees=found[0].degrees,
        )

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
    naive = shard.counts.sel(sampler="naive").values
    found = {name: _ks(shard.counts.sel(sampler=name).values, naive) for name in ("bartlett", "limit")}
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
