"""Evidence that scores scaled by 1/n vanish, and attention becomes uniform."""

import numpy as np
import xarray as xr

from widthscope.statistics.distances import KolmogorovSmirnov, ks_of_counts_from_law
from widthscope.statistics.evidence import law_evidence, of_estimates
from widthscope.statistics.intervals import Estimate, batch_means
from widthscope.statistics.power_laws import fit_slope

UNIFORM_FROM = 256
"""Smallest width at which outputs are compared with uniform attention (theory notes 4)."""


def tests(shard: xr.Dataset) -> dict[str, tuple[xr.Dataset, xr.Dataset]]:
    """Variances and output laws under 1/n scaling, beside those under 1/√n."""
    measured, control = "1/n", "1/sqrt(n)"
    return {
        "variance-rate": (_variance_slope(shard, measured), _variance_slope(shard, control)),
        "variance": (_variances(shard, measured), _variances(shard, control)),
        "uniform-law": (_uniform_law(shard, measured), _uniform_law(shard, control)),
    }


def _variance_slope(shard: xr.Dataset, scaling: str) -> xr.Dataset:
    means = batch_means(shard.score_variance.sel(scaling=scaling).transpose("batch", "n").values)
    slope = fit_slope(shard.n.values, means.value, means.standard_error, degrees=means.degrees)
    return of_estimates("slope", slope.estimate, -1.0, n=shard.attrs["draws"] * shard.sizes["n"])


def _variances(shard: xr.Dataset, scaling: str) -> xr.Dataset:
    """n·Var(G_ij), whose exact value under 1/n scaling is K_ii K_jj = 1 at every width."""
    means = batch_means(shard.score_variance.sel(scaling=scaling).transpose("batch", "n").values)
    widths = shard.n.values
    scaled = Estimate(widths * means.value, widths * means.standard_error, means.degrees)
    return of_estimates([f"n={n}" for n in widths], scaled, prediction=1.0, n=shard.attrs["draws"])


def _uniform_ks(shard: xr.Dataset, scaling: str) -> list[KolmogorovSmirnov]:
    """KS distances, by width, from the law of uniform attention, whose quantiles bound the cells."""
    counts = shard.counts.sel(scaling=scaling).values
    cells = counts.shape[-1]
    return [ks_of_counts_from_law(one, np.arange(1, cells) / cells) for one in counts]


def _uniform_law(shard: xr.Dataset, scaling: str) -> xr.Dataset:
    large = shard.sel(n=shard.n >= min(UNIFORM_FROM, int(shard.n.max())))
    found = _uniform_ks(large, scaling)
    return law_evidence(
        [f"n={n}" for n in large.n.values],
        [one.distance for one in found],
        [one.p_value for one in found],
        shard.attrs["draws"],
    )


def curves(shard: xr.Dataset) -> xr.Dataset:
    """What the figure shows."""
    variances = shard.score_variance
    return xr.Dataset(
        {
            "score_variance": variances.mean("batch"),
            "ks": (
                ("scaling", "n"),
                [[one.distance for one in _uniform_ks(shard, str(s))] for s in shard.scaling.values],
            ),
        },
        attrs={"draws": shard.attrs["draws"], "heads": shard.attrs["heads"]},
    )
