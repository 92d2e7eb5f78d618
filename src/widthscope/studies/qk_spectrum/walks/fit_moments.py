"""Evidence on mean and variance of the scores of random walks."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.statistics.evidence import of_estimates
from widthscope.statistics.intervals import Estimate, batch_means
from widthscope.studies.qk_spectrum.walks.theory import Summaries, score_mean, score_variance

Law = Callable[[Summaries, FloatArray, int], FloatArray]
Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def tests(table: xr.Dataset) -> Evidence:
    """Means and variances at every position; beside tokens without memory, and the formula for symmetric
    W."""
    means = _predicted(table, score_mean_of)
    variances = _predicted(table, score_variance_of)
    wrong = _predicted(table, symmetric_variance)
    skewed = table["kind"].values != "symmetric"
    return {
        "mean": (_means(table, means, variances), _means(table, 0 * means, variances)),
        "variance": (
            _variances(table, variances),
            _variances(table.isel(kind=skewed), wrong[skewed]),
        ),
    }


def ratios(table: xr.Dataset) -> xr.Dataset:
    """Measured variances over the prediction and over the formula for symmetric W, (kind, position)."""
    found = batch_means(table["square"].values)
    right, wrong = _predicted(table, score_variance_of), _predicted(table, symmetric_variance)
    dims = ("kind", "position")
    return xr.Dataset(
        {
            "ratio": (dims, found.value / right),
            "ratio_error": (dims, found.standard_error / right),
            "symmetric_ratio": (dims, found.value / wrong),
        },
        coords={"kind": table["kind"].values, "position": table["position"].values},
        attrs={**table.attrs, "draws": _draws(table)},
    )


def score_mean_of(summaries: Summaries, positions: FloatArray, tokens: int) -> FloatArray:
    """t xi."""
    return score_mean(positions, summaries.xi)


def score_variance_of(summaries: Summaries, positions: FloatArray, tokens: int) -> FloatArray:
    """The variance for any square W."""
    return score_variance(positions, tokens, summaries)


def symmetric_variance(summaries: Summaries, positions: FloatArray, tokens: int) -> FloatArray:
    """t (t + T) tr(W Sigma W Sigma): right for symmetric W only (theory notes, trap 2)."""
    return score_variance(positions, tokens, Summaries.symmetric(summaries.xi, summaries.eta1))


def _predicted(table: xr.Dataset, law: Law) -> FloatArray:
    """(kind, position)."""
    positions, tokens = table["position"].values.astype(float), int(table.attrs["tokens"])
    columns = (table[name].values for name in ("xi", "eta1", "eta2"))
    found = (Summaries(*map(float, row)) for row in zip(*columns, strict=True))
    return np.array([law(one, positions, tokens) for one in found])


def _draws(table: xr.Dataset) -> int:
    return int(table.attrs["walks"]) * table.sizes["batch"]


def _names(table: xr.Dataset) -> list[str]:
    return [f"{kind} t={t}" for kind in table["kind"].values for t in table["position"].values]


def _means(table: xr.Dataset, predicted: FloatArray, variances: FloatArray) -> xr.Dataset:
    """Means, with deviations relative to one standard deviation of the score."""
    found = batch_means(table["deviation"].values)
    centre = _predicted(table, score_mean_of)  # what the stored deviations are from
    return of_estimates(
        _names(table),
        Estimate(found.value + centre, found.standard_error, found.degrees),
        predicted,
        n=_draws(table),
        scale=np.sqrt(variances),
    )


def _variances(table: xr.Dataset, predicted: FloatArray) -> xr.Dataset:
    found = batch_means(table["square"].values)
    return of_estimates(_names(table), found, predicted, n=_draws(table))
