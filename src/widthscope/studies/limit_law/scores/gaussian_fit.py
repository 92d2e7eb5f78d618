"""Evidence that scores become Gaussian at rate 1/n: kurtoses from draws, distances by quadrature."""

import numpy as np
import xarray as xr
from scipy.special import ndtr

from widthscope.attention.score_law import (
    EDGEWORTH_KS,
    EDGEWORTH_W1,
    distances_to_normal,
    entry_cdf,
    entry_pdf,
    functional_excess_kurtosis,
)
from widthscope.statistics.evidence import evidence, of_estimates
from widthscope.statistics.intervals import batch_means
from widthscope.statistics.power_laws import exact_slope
from widthscope.studies.limit_law.scores.generic_tokens import generic_functional, generic_gram

EXACT_WIDTHS = (16, 32, 64, 128, 256, 512, 1024)
"""Widths of the distances that quadrature gives without draws."""


def tests(shard: xr.Dataset) -> dict[str, tuple[xr.Dataset, xr.Dataset]]:
    """Kurtoses, rates and constants, beside Gaussian and vanishing scores."""
    widths = [int(n) for n in shard.attrs["widths"]]
    entry = [6 / n for n in widths]
    functional = [functional_excess_kurtosis(generic_functional(), generic_gram(), n) for n in widths]
    distances = {n: distances_to_normal(n) for n in EXACT_WIDTHS}
    wrong = {n: _distances_of_vanishing_scores(n) for n in EXACT_WIDTHS}
    ks, w1 = ([getattr(d, name) for d in distances.values()] for name in ("ks", "wasserstein"))
    wrong_ks, wrong_w1 = (list(column) for column in zip(*wrong.values(), strict=True))
    last = EXACT_WIDTHS[-1]
    return {
        "entry-kurtosis": _kurtosis(shard, "hermite_entry", entry),
        "functional-kurtosis": _kurtosis(shard, "hermite_functional", functional),
        "ks-rate": (_slope(ks), _slope(wrong_ks)),
        "w1-rate": (_slope(w1), _slope(wrong_w1)),
        "constants": (_constants(last, ks[-1], w1[-1]), _constants(last, wrong_ks[-1], wrong_w1[-1])),
    }


def _kurtosis(shard: xr.Dataset, name: str, exact: list[float]) -> tuple[xr.Dataset, xr.Dataset]:
    """Excess kurtosis by width, and the same predictions put to scores of the limit law."""

    def table(laws: list[str]) -> xr.Dataset:
        found = [batch_means(shard[name].sel(law=law).values) for law in laws]
        names = [f"n={n}" for n in shard.attrs["widths"]]
        return of_estimates(names, found, prediction=exact, n=shard.attrs["draws"])

    return table([f"n={n}" for n in shard.attrs["widths"]]), table(["limit"] * len(exact))


def _slope(distances: list[float]) -> xr.Dataset:
    slope = exact_slope(EXACT_WIDTHS, distances)
    return evidence("slope", slope.exponent, slope.standard_error, prediction=-1.0)


def _constants(width: int, ks: float, w1: float) -> xr.Dataset:
    return evidence(["n·KS", "n·W1"], [width * ks, width * w1], 0.0, prediction=[EDGEWORTH_KS, EDGEWORTH_W1])


def _distances_of_vanishing_scores(width: int) -> tuple[float, float]:
    """KS and W1 from N(0, 1) of a standardised entry under 1/n scaling, whose variance is 1/n."""
    x = np.linspace(0, 14, 5601)
    difference = np.abs(entry_cdf(np.sqrt(width) * x, width) - ndtr(x))
    return float(difference.max()), float(2 * np.trapezoid(difference, x))


def curves(scaling: xr.Dataset) -> xr.Dataset:
    """What the figure shows."""
    distances = [distances_to_normal(n) for n in EXACT_WIDTHS]
    x, shown = scaling.bin.values, 256 if 256 in scaling.n else int(scaling.n.values[-1])
    step = x[1] - x[0]
    histogram = scaling.score_counts.sel(n=shown) / (scaling.attrs["draws"] * step)
    return xr.Dataset(
        {
            "histogram": (("scaling", "x"), histogram.values),
            "exact": ("x", entry_pdf(x, shown)),
            "limit": ("x", np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)),
            "scaled_ks": ("n", [n * d.ks for n, d in zip(EXACT_WIDTHS, distances, strict=True)]),
            "scaled_w1": ("n", [n * d.wasserstein for n, d in zip(EXACT_WIDTHS, distances, strict=True)]),
        },
        coords={"scaling": scaling.scaling.values, "x": x, "n": list(EXACT_WIDTHS)},
        attrs={"shown_width": shown, "ks_constant": EDGEWORTH_KS, "w1_constant": EDGEWORTH_W1},
    )
