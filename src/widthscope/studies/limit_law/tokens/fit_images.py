"""Evidence on images as tokens: moments predicted from the Gram alone, and laws of the scores told apart."""

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.attention.variance_law import single_token
from widthscope.statistics.distances import KolmogorovSmirnov, ks_of_counts
from widthscope.statistics.evidence import law_evidence
from widthscope.statistics.intervals import Jackknife, jackknife
from widthscope.studies.limit_law.measurements import Measurement, measured

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

LOG2_POINTS = 12
"""Sobol points of one prediction, 4096: its error is 1e-4 of the variance and 1e-3 of its fluctuation."""

DIFFERENCES = ("y3-y4", "y1-y8")
SINGLE = ("y3", "y4")
WRONG = ("iid scores", "independent rows", "same row")
ALONE = ("independent rows", "same row")
"""Wrong laws whose score rows, one at a time, have the right law."""


def predictions(table: xr.Dataset) -> xr.Dataset:
    """Limit variance and excess kurtosis of every token of every image, and the variance under uniform
    attention.

    Returns:
        `variance`, `kurtosis`, `uniform` over (point, row).
    """
    heads = int(table.attrs["heads"])
    shape = table["gram"].shape[:2]
    variance, kurtosis, uniform = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for image, K in enumerate(table["gram"].values):
        uniform[image] = K.mean()
        for token in range(len(K)):
            law = single_token(K, token, log2_points=LOG2_POINTS).moments
            variance[image, token] = law.mean
            kurtosis[image, token] = 3 * law.variance / law.mean**2 / heads
    dims = ("point", "row")
    return xr.Dataset(
        {"variance": (dims, variance), "kurtosis": (dims, kurtosis), "uniform": (dims, uniform)}
    )


def data_tests(table: xr.Dataset, predicted: xr.Dataset) -> Evidence:
    """Slopes of measured on predicted moments over the tokens of all images, and the error of the variance.

    Controls: the Gram matrices of other images, each image taking the next one's, for the slopes; uniform
    attention for the error.
    """
    other = predicted.roll(point=1)
    right, wrong = (
        [
            Measurement(name, _slope(table, law[name].values, name), _draws(table), 1.0)
            for name in ("variance", "kurtosis")
        ]
        for law in (predicted, other)
    )
    errors = [
        measured([Measurement(name, _error(table, predicted[law].values), _draws(table), 0.0)])
        for name, law in (("limit law", "variance"), ("uniform attention", "uniform"))
    ]
    return {
        "variance-slope": (measured(right[:1]), measured(wrong[:1])),
        "kurtosis-slope": (measured(right[1:]), measured(wrong[1:])),
        "variance-error": (errors[0], errors[1]),
    }


def joint_tests(table: xr.Dataset) -> Evidence:
    """The finite layer against the limit law, and against three laws of the scores that are wrong.

    Controls: the wrong laws in the limit's place, and the limit in theirs; for single tokens the differences
    of tokens.
    """
    everything = [str(name) for name in table["functional"].values]
    wrong = [(law, name) for law in WRONG for name in DIFFERENCES]
    right = [("limit", name) for name in DIFFERENCES]
    return {
        "limit": (_laws(table, [("limit", name) for name in everything]), _laws(table, wrong)),
        "wrong-laws": (_laws(table, wrong), _laws(table, right)),
        "single-tokens": (
            _laws(table, [(law, name) for law in ALONE for name in SINGLE]),
            _laws(table, [(law, name) for law in ALONE for name in DIFFERENCES]),
        ),
    }


def data_curve(table: xr.Dataset, predicted: xr.Dataset) -> xr.Dataset:
    """Measured moments of every token beside their predictions, along `token`."""
    variance, kurtosis = _moments(*_batches(table))
    columns = {
        "variance": variance,
        "kurtosis": kurtosis,
        "predicted_variance": predicted["variance"].values,
        "predicted_kurtosis": predicted["kurtosis"].values,
        "uniform": predicted["uniform"].values,
    }
    attrs = {
        "images": table.sizes["point"],
        "width": int(table.attrs["width"]),
        "draws": _draws(table),
        "variance_slope": float(_slope(table, predicted["variance"].values, "variance").value),
        "kurtosis_slope": float(_slope(table, predicted["kurtosis"].values, "kurtosis").value),
        "error": float(_error(table, predicted["variance"].values).value),
        "uniform_error": float(_error(table, predicted["uniform"].values).value),
    }
    return xr.Dataset({name: ("token", np.ravel(column)) for name, column in columns.items()}, attrs=attrs)


def joint_curve(table: xr.Dataset) -> xr.Dataset:
    """KS distance of every law from the finite layer, (law, functional)."""
    functionals = [str(name) for name in table["functional"].values]
    laws = ["limit", *WRONG]
    distances = [[_distance(table, law, name).distance for name in functionals] for law in laws]
    return xr.Dataset(
        {"ks": (("law", "functional"), distances)},
        coords={"law": laws, "functional": functionals},
        attrs={key: int(table.attrs[key]) for key in ("draws", "image", "width")},
    )


def _draws(table: xr.Dataset) -> int:
    return int(table.attrs["draws"]) * table.sizes["batch"] * table.sizes["point"]


def _batches(table: xr.Dataset) -> tuple[FloatArray, FloatArray]:
    """Batch means of Σ_ii and Σ_ii², batches first: (batch, image, token)."""
    mean, square = (
        table[name].transpose("batch", "point", "row").values for name in ("token", "token_square")
    )
    return mean, square


def _moments(mean: FloatArray, square: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variance and excess kurtosis of the outputs (image, token)."""
    variance = mean.mean(0)
    return variance, 3 * (square.mean(0) / variance**2 - 1)


def _slope(table: xr.Dataset, predicted: FloatArray, name: str) -> Jackknife:
    """Least-squares slope, with intercept, of a measured moment on its prediction over all tokens."""
    x = predicted.ravel() - predicted.mean()

    def slope(mean: FloatArray, square: FloatArray) -> float:
        y = _moments(mean, square)[0 if name == "variance" else 1].ravel()
        return float(x @ (y - y.mean()) / (x @ x))

    return jackknife(slope, *_batches(table))


def _error(table: xr.Dataset, predicted: FloatArray) -> Jackknife:
    """Root mean square, over all tokens, of the relative error of a predicted variance."""

    def error(mean: FloatArray) -> float:
        return float(np.sqrt(np.mean((mean.mean(0) / predicted - 1) ** 2)))

    return jackknife(error, _batches(table)[0])


def _laws(table: xr.Dataset, pairs: list[tuple[str, str]]) -> xr.Dataset:
    """KS distances of laws from the finite layer, each with the functional compared."""
    found = [_distance(table, law, name) for law, name in pairs]
    draws = int(table.attrs["draws"])
    return law_evidence(
        [name if law == "limit" else f"{name}, {law}" for law, name in pairs],
        [one.distance for one in found],
        [one.p_value for one in found],
        draws,
        draws,
    )


def _distance(table: xr.Dataset, law: str, functional: str) -> KolmogorovSmirnov:
    counts = table["counts"].sel(functional=functional)
    finite, other = (counts.values[list(table["law"].values).index(name)] for name in ("finite", law))
    return ks_of_counts(finite, other)
