"""Evidence on weights that are not Gaussian: excess kurtosis and distance from the limit law."""

import numpy as np
import xarray as xr

from widthscope.attention import softmax_moments
from widthscope.attention.gram import FloatArray
from widthscope.attention.output_law import distances, finite_output, limit_output
from widthscope.statistics.intervals import Estimate, Jackknife, jackknife
from widthscope.studies.limit_law.measurements import Measurement, draws, excess_kurtosis, measured, rows
from widthscope.studies.limit_law.orthonormal import moments

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

LAWS = ("gaussian", "rademacher", "uniform")
CONTROL = "sparse"


def tests(table: xr.Dataset) -> Evidence:
    """Excess kurtosis, and KS distance from the limit law, relative to the exact values for Gaussian weights.

    The control has sparse weights, of the same mean and variance.
    """
    return {
        "kurtosis": (_kurtoses(table, LAWS), _kurtoses(table, (CONTROL,))),
        "distance": (_distances(table, LAWS[1:]), _distances(table, (CONTROL,))),
    }


def curve(table: xr.Dataset) -> xr.Dataset:
    """Distribution function of |y| less that of the limit law, for every weight law, at the largest width."""
    width = int(table["width"].values.max())
    shown = list(rows(table, width=width))
    x = np.asarray(table["bin_edges"].values)[1:]
    tokens, heads = int(shown[0]["tokens"]), int(shown[0]["heads"])
    limit = limit_output(tokens, heads).cdf(x)
    gaussian = finite_output(tokens, heads, width, width).cdf(x)
    return xr.Dataset(
        {
            "gap": (("weights", "x"), np.stack([_gap(_histogram(row), limit) for row in shown])),
            "error": (("weights", "x"), np.stack([_gap_error(row) for row in shown])),
            "exact": ("x", gaussian - limit),
        },
        coords={"weights": [str(row["weights"].item()) for row in shown], "x": x},
        attrs={"width": width, "draws": draws(shown[0])},
    )


def _kurtoses(table: xr.Dataset, laws: tuple[str, ...]) -> xr.Dataset:
    return measured(
        [
            Measurement(_name(row), excess_kurtosis(row, "token"), draws(row), _exact(row)).relative()
            for law in laws
            for row in rows(table, weights=law)
        ]
    )


def _distances(table: xr.Dataset, laws: tuple[str, ...]) -> xr.Dataset:
    """KS distance from the limit law, as a multiple of that for Gaussian weights, which is exact."""
    entries = []
    for row in (row for law in laws for row in rows(table, weights=law)):
        width, tokens, heads = int(row["width"]), int(row["tokens"]), int(row["heads"])
        law = limit_output(tokens, heads)
        limit = law.cdf(np.asarray(table["bin_edges"].values)[1:])
        unit = distances(finite_output(tokens, heads, width, width), law).ks
        found = _ks(row, limit)
        relative = Estimate(found.value / unit, found.standard_error / unit, found.degrees)
        entries.append(Measurement(_name(row), relative, draws(row)))
    return measured(entries)


def _histogram(row: xr.Dataset) -> FloatArray:
    return np.asarray(row["histogram"].transpose("batch", "bin").values)


def _gap(histogram: FloatArray, limit: FloatArray) -> FloatArray:
    """F(x) - F_∞(x) at the edges x > 0 from batches (B, bins) of the histogram of |y|: the laws are
    symmetric."""
    return np.asarray(0.5 + 0.5 * np.cumsum(histogram.mean(0)) - limit)


def _gap_error(row: xr.Dataset) -> FloatArray:
    cumulative = 0.5 * np.cumsum(_histogram(row), axis=1)
    return np.asarray(cumulative.std(axis=0, ddof=1) / np.sqrt(len(cumulative)))


def _ks(row: xr.Dataset, limit: FloatArray) -> Jackknife:
    """Largest |F - F_∞| over the edges, jackknifed over batches."""
    return jackknife(lambda histogram: float(np.abs(_gap(histogram, limit)).max()), _histogram(row))


def _exact(row: xr.Dataset) -> float:
    width, heads = int(row["width"]), int(row["heads"])
    return softmax_moments.excess_kurtosis(moments(int(row["tokens"]), width), heads, width)


def _name(row: xr.Dataset) -> str:
    return f"{row['weights'].item()} n={int(row['width'])}"
