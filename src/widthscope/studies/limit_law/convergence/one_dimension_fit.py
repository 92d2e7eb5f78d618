"""Evidence on one output coordinate: computed distances, coupled draws, the paper's KL, likelihoods."""

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.attention.output_law import gaussian, limit_output
from widthscope.statistics.evidence import evidence, of_estimates
from widthscope.statistics.intervals import batch_means
from widthscope.statistics.power_laws import exact_slope

TOKENS = 4
SLOPES_FROM = 32
"""Smallest width of the slopes: terms of higher order are then about 1%."""

RATES = {"ks": -1.0, "wasserstein": -1.0, "energy": -2.0, "kl": -2.0}

Tests = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def distance_tests(shard: xr.Dataset) -> Tests:
    """Slopes of computed distances beside those from the Gaussian law, and coupled draws against them."""
    tests: Tests = {
        metric: (_slopes(shard.distance, metric), _slopes(shard.gaussian_distance, metric))
        for metric in RATES
    }
    tests["coupled-draws"] = (_drawn(shard, "exact"), _drawn(shard, "without_values"))
    return tests


def _slopes(distances: xr.DataArray, metric: str) -> xr.Dataset:
    chosen = distances.sel(metric=metric).sel(n=distances.n >= SLOPES_FROM)
    fits = [exact_slope(chosen.n.values, chosen.sel(heads=heads).values) for heads in chosen.heads.values]
    return evidence(
        [f"H={heads}" for heads in chosen.heads.values],
        [one.exponent for one in fits],
        [one.standard_error for one in fits],
        prediction=RATES[metric],
    )


def _drawn(shard: xr.Dataset, predicted: str) -> xr.Dataset:
    """Drawn differences of distribution functions at their largest point, against computed ones."""
    names, estimates, exact = [], [], []
    for heads in shard.heads.values:
        for n in shard.drawn_n.values:
            cell = shard.sel(heads=heads, drawn_n=n)
            names.append(f"H={heads}, n={n}")
            estimates.append(batch_means(cell.drawn.values))
            exact.append(float(cell[predicted]))
    draws = shard.attrs["draws"] * shard.sizes["batch"]
    return of_estimates(names, estimates, prediction=exact, n=draws)


def density_curves() -> xr.Dataset:
    """Exact limit densities of one output for one head, two heads and infinitely many (K = I, 4 tokens)."""
    y = np.linspace(-3, 3, 241)
    laws = {"H=1": limit_output(TOKENS, 1), "H=2": limit_output(TOKENS, 2)}
    laws["H=∞"] = gaussian(laws["H=1"].deviation ** 2)
    return xr.Dataset(
        {"density": (("law", "y"), np.stack([law.pdf(y) for law in laws.values()]))},
        coords={"law": list(laws), "y": y},
    )


def kl_tests(shard: xr.Dataset) -> Tests:
    """Logarithms of ratios of divergences by seed; in the control, limit samples take the widths' place."""
    first, second = (f"n={n}" for n in shard.attrs["widths"][:2])
    stand_in, other = (str(name) for name in shard.sample.values[-2:])
    return {
        "falls": (_log_ratio(shard, first, second), _log_ratio(shard, stand_in, other)),
        "above-floor": (_log_ratio(shard, second, "floor"), _log_ratio(shard, other, "floor")),
        "reaches-floor": (_first_at_floor(shard), None),
    }


def _log_ratio(shard: xr.Dataset, numerator: str, denominator: str) -> xr.Dataset:
    logarithm = np.log(shard.divergence)
    found = batch_means((logarithm.sel(sample=numerator) - logarithm.sel(sample=denominator)).values)
    name = f"log KL({numerator}) - log KL({denominator})"
    return of_estimates(name, found, n=shard.sizes["seed"])


def _first_at_floor(shard: xr.Dataset) -> xr.Dataset:
    """First width whose mean divergence is within two standard deviations of the floor's."""
    mean, deviation = shard.divergence.mean("seed"), shard.divergence.std("seed", ddof=1)
    bound = float(mean.sel(sample="floor") + 2 * deviation.sel(sample="floor"))
    reached = [n for n in shard.attrs["widths"] if float(mean.sel(sample=f"n={n}")) <= bound]
    return evidence("first width at the floor", reached[0] if reached else np.nan, 0.0, n=shard.sizes["seed"])


def likelihood_tests(shard: xr.Dataset) -> Tests:
    """Mean log-ratio per held-out draw (Vuong) by number of coordinates, beside Gaussian draws."""
    return {"log-ratio": (_log_ratios(shard, "layer"), _log_ratios(shard, "gaussian"))}


def _log_ratios(shard: xr.Dataset, source: str) -> xr.Dataset:
    cell, count = shard.sel(source=source), shard.attrs["held_out"]
    error: FloatArray = cell.deviation.values / np.sqrt(count)
    return evidence(
        [f"m={m}" for m in cell.coordinates.values], cell["mean"].values, error, n=count, degrees=count - 1
    )
