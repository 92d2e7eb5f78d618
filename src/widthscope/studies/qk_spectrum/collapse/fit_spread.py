"""Evidence and curves of the experiment `entropy_over_spread`."""

from itertools import pairwise

import xarray as xr

from widthscope.statistics.evidence import of_estimates
from widthscope.statistics.intervals import batch_means
from widthscope.statistics.over_seeds import band
from widthscope.streams import numpy_generator
from widthscope.studies.qk_spectrum.collapse.trend import mean_rank_correlation


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
    found = [band(table[name], name) for name in ("entropy", "fixed_scale")]
    return xr.merge(found, compat="equals").assign_attrs(table.attrs)


def _trends(entropy: xr.DataArray) -> xr.Dataset:
    """One component for each mean: the correlation of entropy and spread."""
    found = [
        mean_rank_correlation(entropy.sel(mean=m).transpose("spread", "seed").values)
        for m in entropy["mean"].values
    ]
    seeds = entropy.sizes["seed"]
    return of_estimates([f"m={m:g}" for m in entropy["mean"].values], found, n=seeds, possible=(-1.0, 1.0))


def _steps(entropy: xr.DataArray, label: str) -> xr.Dataset:
    """One component for each mean and each step from one spread to the next: the paired change of entropy."""
    names, found = [], []
    spreads = entropy["spread"].values
    for mean in entropy["mean"].values:
        change = entropy.sel(mean=mean).transpose("seed", "spread").values
        for k, (before, after) in enumerate(pairwise(spreads)):
            names.append(f"{label}={mean:g}, s={before:g} to {after:g}")
            found.append(batch_means(change[:, k + 1] - change[:, k]))
    return of_estimates(names, found, n=entropy.sizes["seed"])


def _shuffled(entropy: xr.DataArray, run_seed: int) -> xr.DataArray:
    """Each seed's entropies put in a random order, drawn anew for each mean: what no trend looks like."""
    values = entropy.transpose("mean", "seed", "spread").copy(deep=True)
    for mean in entropy["mean"].values:
        generator = numpy_generator("qk_spectrum", "collapse", "shuffled spreads", run_seed, float(mean))
        place = values.get_index("mean").get_loc(mean)
        values.values[place] = generator.permuted(values.values[place], axis=1)
    return values
