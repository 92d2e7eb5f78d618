"""Evidence and curves of the experiment `entropy_over_spread`."""

from collections.abc import Hashable
from itertools import pairwise

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import evidence
from widthscope.statistics.intervals import Estimate, batch_means
from widthscope.statistics.quantiles import critical_value
from widthscope.streams import numpy_generator
from widthscope.studies.qk_spectrum.collapse.trend import mean_rank_correlation

CURVE_LEVEL = 0.99
"""Level of the error bars in the figure, each on its own."""


def tests(table: xr.Dataset) -> dict[str, tuple[xr.Dataset, xr.Dataset | None]]:
    """Measured and control evidence of the claim `entropy-vs-variance`, by test."""
    judged = table.isel(mean=slice(0, table.attrs["judged_means"]))
    larger = table.isel(mean=slice(table.attrs["judged_means"], None))
    fixed = table["fixed_scale"].expand_dims(scale=[float(table["spread"].values[-1])])
    return {
        "trend": (_trends(judged["entropy"]), _trends(_shuffled(judged["entropy"], table.attrs["run_seed"]))),
        "steps": (_steps(judged["entropy"], "m"), _steps(fixed.rename(scale="mean"), "scale")),
        "larger-means": (_steps(larger["entropy"], "m"), None),
    }


def curve(table: xr.Dataset) -> xr.Dataset:
    """Mean entropies over the seeds with their intervals, over mean and spread, and those at fixed scale."""
    curves: dict[str, tuple[list[Hashable], np.ndarray]] = {}
    for name in ("entropy", "fixed_scale"):
        means = batch_means(table[name].transpose("seed", ...).values)
        half = critical_value(CURVE_LEVEL, means.degrees) * means.standard_error
        dims = [dim for dim in table[name].dims if dim != "seed"]
        curves |= {name: (dims, means.value), f"{name}_half_width": (dims, half)}
    return xr.Dataset(curves, coords={name: table[name] for name in ("mean", "spread")}, attrs=table.attrs)


def _trends(entropy: xr.DataArray) -> xr.Dataset:
    """One component for each mean: the correlation of entropy and spread."""
    found = [
        mean_rank_correlation(entropy.sel(mean=m).transpose("spread", "seed").values)
        for m in entropy["mean"].values
    ]
    return _evidence([f"m={m:g}" for m in entropy["mean"].values], found, (-1.0, 1.0))


def _steps(entropy: xr.DataArray, label: str) -> xr.Dataset:
    """One component for each mean and each step from one spread to the next: the paired change of entropy."""
    names, found = [], []
    spreads = entropy["spread"].values
    for mean in entropy["mean"].values:
        change = entropy.sel(mean=mean).transpose("seed", "spread").values
        for k, (before, after) in enumerate(pairwise(spreads)):
            names.append(f"{label}={mean:g}, s={before:g} to {after:g}")
            found.append(batch_means(change[:, k + 1] - change[:, k]))
    return _evidence(names, found)


def _shuffled(entropy: xr.DataArray, run_seed: int) -> xr.DataArray:
    """Each seed's entropies put in a random order, drawn anew for each mean: what no trend looks like."""
    values = entropy.transpose("mean", "seed", "spread").copy(deep=True)
    for mean in entropy["mean"].values:
        generator = numpy_generator("qk_spectrum", "collapse", "shuffled spreads", run_seed, float(mean))
        place = values.get_index("mean").get_loc(mean)
        values.values[place] = generator.permuted(values.values[place], axis=1)
    return values


def _evidence(
    names: list[str], found: list[Estimate], possible: tuple[float, float] | None = None
) -> xr.Dataset:
    return evidence(
        names,
        np.array([one.value for one in found], dtype=float),
        np.array([one.standard_error for one in found], dtype=float),
        n=[int(one.degrees) + 1 for one in found],
        degrees=[one.degrees for one in found],
        possible=possible,
    )
