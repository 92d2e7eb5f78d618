"""Excess kurtosis of one output as the number of heads grows, on fixed and on random tokens."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from widthscope.attention import softmax_moments
from widthscope.attention.output_law import Distances, OutputLaw, distances, gaussian
from widthscope.attention.variance_law import exchangeable_token
from widthscope.statistics.intervals import Estimate
from widthscope.statistics.power_laws import exact_slope, fit_slope
from widthscope.studies.limit_law.heads.theory import random_token_constant
from widthscope.studies.limit_law.measurements import (
    Measurement,
    curves,
    draws,
    exact_curve,
    excess_kurtosis,
    extrapolate,
    measured,
    points_of_curve,
    rows,
    wide_enough,
)
from widthscope.studies.limit_law.orthonormal import moments, widths_between

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

MANY = 8
"""Numbers of heads from which on the distances to a Gaussian law are asked to follow their power of H."""


def head_count(table: xr.Dataset) -> Evidence:
    """Slope of the excess kurtosis in the number of heads, its exact values, and the slopes of KS and KL.

    The distances are those between the limit law and N(0, E Σ_ii), computed, not sampled. The control gives
    all heads one score matrix.
    """
    slopes, exact, ks, kl = [], [], [], []
    for scores in ("own", "shared"):
        group = list(rows(table, scores=scores))
        kurtoses = [excess_kurtosis(row, "token") for row in group]
        slopes.append(measured([_slope("all H", [int(row["heads"]) for row in group], group, kurtoses)]))
        exact.append(
            measured(
                [
                    Measurement(f"H={int(row['heads'])}", kurtosis, draws(row), _exact(row))
                    for row, kurtosis in zip(group, kurtoses, strict=True)
                ]
            )
        )
        many = _many([int(row["heads"]) for row in group])
        to_gaussian = distances_to_gaussian(int(group[0]["tokens"]), many, scores == "shared")
        ks.append(measured([_exact_slope(many, [each.ks for each in to_gaussian], -1.0)]))
        kl.append(measured([_exact_slope(many, [each.kl for each in to_gaussian], -2.0)]))
    pairs = {"slope": slopes, "exact-width": exact, "ks-slope": ks, "kl-slope": kl}
    return {name: (pair[0], pair[1]) for name, pair in pairs.items()}


def order_of_limits(table: xr.Dataset) -> Evidence:
    """With many heads: slope of the excess kurtosis in the width, and the constant that n times it tends to.

    The control has fixed tokens, for which the many-head limit is Gaussian at every width.
    """
    most = int(table["heads"].max())
    slopes, constants = [], []
    for law in ("clip", "fixed"):
        group = list(rows(table, law=law, heads=most))
        kurtoses = [excess_kurtosis(row, "token") for row in group]
        slopes.append(measured([_slope(f"H={most}", [int(row["width"]) for row in group], group, kurtoses)]))
        constants.append(measured([_constant(group).relative()]))
    pair = (constants[0], constants[1])
    return {"width-slope": (slopes[0], slopes[1]), "above-zero": pair, "constant": pair}


def count_curves(table: xr.Dataset) -> xr.Dataset:
    """Excess kurtosis over the number of heads, with own and with shared scores, and exact."""
    series = []
    for scores in ("own", "shared"):
        group = list(rows(table, scores=scores))
        heads = [float(row["heads"]) for row in group]
        series.append(points_of_curve(scores, heads, [excess_kurtosis(row, "token") for row in group]))
    exact = exact_curve("exact", heads, [_exact(row) for row in group])
    return curves(*series, exact).assign_attrs(width=int(group[0]["width"]))


def distance_curves(table: xr.Dataset) -> xr.Dataset:
    """KS distance and KL divergence of the limit law from N(0, E Σ_ii), over the number of heads."""
    heads = sorted({int(h) for h in table["heads"].values})
    to_gaussian = distances_to_gaussian(int(table["tokens"].values[0]), heads)
    abscissa = [float(h) for h in heads]
    return curves(
        exact_curve("ks", abscissa, [each.ks for each in to_gaussian]),
        exact_curve("kl", abscissa, [each.kl for each in to_gaussian]),
    )


def width_curves(table: xr.Dataset) -> xr.Dataset:
    """n times the excess kurtosis for the most heads, over the width, for both token laws."""
    most = int(table["heads"].max())
    series = []
    for law in ("clip", "fixed"):
        group = list(rows(table, law=law, heads=most))
        widths = [float(row["width"]) for row in group]
        scaled = [_scaled(row, 0.0) for row in group]
        series.append(points_of_curve(law, widths, scaled))
    tokens = int(table["tokens"].values[0])
    dense = widths_between(widths[0], widths[-1])
    fixed = [n * softmax_moments.excess_kurtosis(moments(tokens, n), most, n) for n in dense]
    constant = np.full(len(dense), random_token_constant(tokens))
    return curves(
        *series, exact_curve("exact fixed", dense, fixed), exact_curve("constant", dense, constant)
    ).assign_attrs(heads=most)


def ladder_curves(table: xr.Dataset) -> xr.Dataset:
    """Excess kurtosis over the number of heads at one width, for both token laws, and the floor of `clip`."""
    widths = {heads: set(_widths_at(table, heads)) for heads in {int(h) for h in table["heads"].values}}
    width = min(set.intersection(*widths.values()))
    series = []
    for law in ("clip", "fixed"):
        group = list(rows(table, law=law, width=width))
        heads = [float(row["heads"]) for row in group]
        series.append(points_of_curve(law, heads, [excess_kurtosis(row, "token") for row in group]))
    tokens = int(group[0]["tokens"])
    floor = np.full(len(heads), random_token_constant(tokens) / width)
    exact = exact_curve("exact fixed", heads, [_exact(row) for row in group])
    return curves(*series, exact, exact_curve("floor", heads, floor)).assign_attrs(width=width)


def distances_to_gaussian(tokens: int, heads: Sequence[int], shared: bool = False) -> list[Distances]:
    """Distances of the limit law of H heads to the Gaussian law of infinitely many, K = I.

    With `shared` scores H heads have the law of one: the average over heads is over equal terms.
    """
    variance = exchangeable_token(tokens)
    infinite = gaussian(variance.moments.mean)
    return [distances(OutputLaw(variance, 1 if shared else count), infinite) for count in heads]


def _slope(name: str, x: Sequence[int], group: list[xr.Dataset], kurtoses: Sequence[Estimate]) -> Measurement:
    fitted = fit_slope(
        x,
        [kurtosis.value for kurtosis in kurtoses],
        [kurtosis.standard_error for kurtosis in kurtoses],
        degrees=kurtoses[0].degrees,
    )
    slope = Estimate(fitted.exponent, fitted.standard_error, fitted.degrees)
    return Measurement(name, slope, sum(map(draws, group)), -1.0)


def _exact_slope(heads: Sequence[int], values: Sequence[float], prediction: float) -> Measurement:
    slope = exact_slope(heads, values).exponent
    return Measurement(f"H={heads[0]} to {heads[-1]}", Estimate(slope, 0.0), 0, prediction)


def _constant(group: list[xr.Dataset]) -> Measurement:
    """n times the excess kurtosis beyond that of the limit law, extrapolated to n = ∞."""
    used = wide_enough([int(row["width"]) for row in group])
    kept = [row for row, keep in zip(group, used, strict=True) if keep]
    heads, tokens = int(kept[0]["heads"]), int(kept[0]["tokens"])
    limit = softmax_moments.excess_kurtosis(moments(tokens), heads)
    constant = extrapolate([int(row["width"]) for row in kept], [_scaled(row, limit) for row in kept])
    return Measurement(f"H={heads}", constant, sum(map(draws, kept)), random_token_constant(tokens))


def _scaled(row: xr.Dataset, limit: float) -> Estimate:
    kurtosis, width = excess_kurtosis(row, "token"), int(row["width"])
    return Estimate(width * (kurtosis.value - limit), width * kurtosis.standard_error, kurtosis.degrees)


def _exact(row: xr.Dataset) -> float:
    """Exact excess kurtosis of fixed orthonormal tokens at the point's width."""
    tokens, heads, width = (int(row[name]) for name in ("tokens", "heads", "width"))
    return softmax_moments.excess_kurtosis(moments(tokens, width), heads, width)


def _many(heads: Sequence[int]) -> list[int]:
    many = [count for count in heads if count >= MANY]
    return many if len(many) >= 2 else list(heads[-2:])


def _widths_at(table: xr.Dataset, heads: int) -> list[int]:
    return [int(row["width"]) for row in rows(table, heads=heads)]
