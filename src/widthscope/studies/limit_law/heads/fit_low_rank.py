"""Distance to the limit law, taken apart into what the head dimension and what the width contributes.

Distances are squared MMDs U of joint characteristic functions, from products of independent batches, so
that they have no noise floor (theory notes 3.6).
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from widthscope.attention.competitors import gaussian_characteristic_function
from widthscope.statistics.distances import squared_mmd
from widthscope.statistics.intervals import Estimate, jackknife
from widthscope.statistics.power_laws import fit_rate
from widthscope.studies.limit_law.measurements import (
    Measurement,
    curves,
    draws,
    exact_curve,
    measured,
    points_of_curve,
    rows,
)
from widthscope.studies.limit_law.orthonormal import moments

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def low_rank(table: xr.Dataset) -> Evidence:
    """Rates in the head dimension and in the width, whether the two parts add up, and the parts themselves.

    Controls: for the head dimension the same draws against infinitely many heads; for the width a sweep of
    the head dimension alone; for the sum the head dimension's part alone.
    """
    by_head_dim, by_width, at_fixed_width = sweeps(table)
    layers = whole_layers(table)
    to_gaussian = [_to_gaussian(table, row) for row in by_head_dim]
    return {
        "head-dim": (
            measured([_rate(by_head_dim, "head_dim", [_distance(row) for row in by_head_dim])]),
            measured([_rate(by_head_dim, "head_dim", to_gaussian)]),
        ),
        "width": (
            measured([_rate(by_width, "width", [_distance(row) for row in by_width])]),
            measured([_rate(at_fixed_width, "head_dim", [_distance(row) for row in at_fixed_width])]),
        ),
        "parts-add": (
            measured([_remainder(*point, both=True) for point in layers]),
            measured([_remainder(*point, both=False) for point in layers]),
        ),
        "parts": (
            measured(
                [
                    Measurement(f"{_name(point[0])} {part}", _distance(row), draws(row))
                    for point in layers
                    for part, row in zip(("whole", "d_k part", "n part"), point, strict=True)
                ]
            ),
            None,
        ),
    }


def distance_curves(table: xr.Dataset) -> xr.Dataset:
    """U over head dimension or width for every sweep, with the fitted rates, and U to the Gaussian limit."""
    by_head_dim, by_width, at_fixed_width = sweeps(table)
    series = []
    for name, group, axis in (
        ("fixed", by_head_dim, "head_dim"),
        ("clip", at_fixed_width, "head_dim"),
        ("tokens", by_width, "width"),
    ):
        x = [float(row[axis]) for row in group]
        distances = [_distance(row) for row in group]
        series.append(points_of_curve(name, x, distances))
        if name != "clip":
            fitted = _fit(x, distances)
            series.append(exact_curve(f"fit {name}", x, fitted))
    x = [float(row["head_dim"]) for row in by_head_dim]
    series.append(points_of_curve("gaussian", x, [_to_gaussian(table, row) for row in by_head_dim]))
    attributes = {"heads": int(by_head_dim[0]["heads"]), "width": int(at_fixed_width[0]["width"])}
    return curves(*series).assign_attrs(attributes)


def sweeps(table: xr.Dataset) -> tuple[list[xr.Dataset], list[xr.Dataset], list[xr.Dataset]]:
    """The points that sweep the head dimension on fixed tokens, the width at infinite head dimension, and the
    head dimension at one width, each with the number of heads that occurs most."""
    counts = np.bincount(table["heads"].values)
    heads = int(np.argmax(counts))
    by_width = list(rows(table, law="clip", heads=heads, head_dim=0))
    random = [row for row in rows(table, law="clip", heads=heads) if int(row["head_dim"]) > 0]
    widths = [int(row["width"]) for row in random]
    width = max(set(widths), key=widths.count)
    at_fixed_width = [row for row in random if int(row["width"]) == width]
    return list(rows(table, law="fixed", heads=heads)), by_width, at_fixed_width


def whole_layers(table: xr.Dataset) -> list[tuple[xr.Dataset, xr.Dataset, xr.Dataset]]:
    """Layers with n = H d_k, as in the paper, each with its d_k part and its n part alone."""
    points = []
    for whole in rows(table, law="clip"):
        heads, head_dim, width = (int(whole[name]) for name in ("heads", "head_dim", "width"))
        head_part = list(rows(table, law="fixed", heads=heads, head_dim=head_dim))
        width_part = list(rows(table, law="clip", heads=heads, head_dim=0, width=width))
        if head_dim > 0 and width == heads * head_dim and head_part and width_part:
            points.append((whole, head_part[0], width_part[0]))
    return points


def _distance(row: xr.Dataset) -> Estimate:
    """U to the limit law, from differences on common random numbers."""
    return squared_mmd(row["difference"].values)


def _to_gaussian(table: xr.Dataset, row: xr.Dataset) -> Estimate:
    """U to the law of infinitely many heads: independent coordinates N(0, E Σ), E Σ_ii = m₂, E Σ_ij = 1/s."""
    frequencies = table["frequencies"].values
    tokens = frequencies.shape[-1]
    kernel = np.full((tokens, tokens), 1 / tokens)
    np.fill_diagonal(kernel, moments(tokens).mean)
    return squared_mmd(row["finite"].values - gaussian_characteristic_function(kernel, frequencies))


def _rate(group: Sequence[xr.Dataset], axis: str, distances: Sequence[Estimate]) -> Measurement:
    """Slope of log U in the logarithm of a size, -2α of the corrected power law."""
    fitted = fit_rate(
        [int(row[axis]) for row in group],
        [distance.value for distance in distances],
        [distance.standard_error for distance in distances],
        degrees=distances[0].degrees,
    )
    slope = Estimate(-2 * fitted.exponent, 2 * fitted.standard_error, fitted.degrees)
    return Measurement(f"H={int(group[0]['heads'])}", slope, sum(map(draws, group)), -2.0)


def _fit(x: Sequence[float], distances: Sequence[Estimate]) -> np.ndarray:
    """The fitted power law at x; NaN where the fit failed."""
    fitted = fit_rate(
        x, [distance.value for distance in distances], [distance.standard_error for distance in distances]
    )
    n = np.asarray(x)
    return np.asarray(
        np.exp(fitted.intercept) * n ** (-2 * fitted.exponent) * (1 + fitted.correction / n) ** 2
    )


def _remainder(
    whole: xr.Dataset, head_part: xr.Dataset, width_part: xr.Dataset, *, both: bool
) -> Measurement:
    """U of the difference that the parts leave unexplained, over U of the whole."""

    def remainder(layer: np.ndarray, head: np.ndarray, width: np.ndarray) -> float:
        left = layer - head - width if both else layer - head
        return float(squared_mmd(left).value / squared_mmd(layer).value)

    estimate = jackknife(remainder, *(row["difference"].values for row in (whole, head_part, width_part)))
    return Measurement(_name(whole), estimate, draws(whole), 0.0)


def _name(row: xr.Dataset) -> str:
    return f"H={int(row['heads'])} n={int(row['width'])}"
