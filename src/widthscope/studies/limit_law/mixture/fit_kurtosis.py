"""Excess kurtosis of one token's output and of differences of tokens, against exact values and limits."""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from widthscope.attention import softmax_moments
from widthscope.statistics.intervals import Estimate, jackknife
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
from widthscope.studies.limit_law.mixture.theory import difference_moments
from widthscope.studies.limit_law.orthonormal import moments, widths_between

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def non_gaussian(table: xr.Dataset) -> Evidence:
    """One token's excess kurtosis at each point against the exact value, and its limit relative to it.

    The control has identical tokens, whose limit law is Gaussian, judged against the same values.
    """
    pair = _pair(table)
    exact, limits = [], []
    for gram in ("orthonormal", "identical"):
        at_points = [
            Measurement(_name(row), excess_kurtosis(row, "token"), draws(row), exact_value(row))
            for row in rows(table, gram=gram)
        ]
        exact.append(measured(at_points))
        in_limit = []
        for heads, group in _by_heads(table, gram):
            law = moments(pair)
            prediction = softmax_moments.excess_kurtosis(law, heads)
            in_limit.append(_limit(f"H={heads}", group, "token", prediction).relative())
        limits.append(measured(in_limit))
    return {"exact-width": (exact[0], exact[1]), "limit": (limits[0], limits[1])}


def token_difference(table: xr.Dataset) -> Evidence:
    """H times the limiting excess kurtosis of y_i - y_j, and its ratio to that of one token.

    The control is the difference of two tokens of independent layers.
    """
    law = difference_moments(_pair(table))
    prediction = softmax_moments.excess_kurtosis(law, heads=1)
    limits, ratios = [], []
    for functional in ("difference", "unrelated"):
        in_limit, to_token = [], []
        for heads, group in _by_heads(table, "orthonormal"):
            limit = _limit(f"H={heads}", group, functional, prediction / heads).estimate
            scaled = Estimate(heads * limit.value, heads * limit.standard_error, limit.degrees)
            in_limit.append(Measurement(f"H={heads}", scaled, sum(map(draws, group)), prediction))
            to_token += [Measurement(_name(row), _ratio(row, functional), draws(row)) for row in group]
        limits.append(measured(in_limit))
        ratios.append(measured(to_token))
    return {"limit": (limits[0], limits[1]), "exceeds-token": (ratios[0], ratios[1])}


def figure_curves(table: xr.Dataset) -> dict[str, xr.Dataset]:
    """Curves over width for one token and for differences, and over the number of tokens."""
    tokens = _pair(table)
    by_width, differences = [], []
    widths = sorted({int(row["width"]) for row in rows(table, gram="identical")})
    dense = widths_between(widths[0], widths[-1])
    for heads, group in _by_heads(table, "orthonormal"):
        values = [_exact(tokens, heads, n) for n in dense]
        by_width += [
            _over_width(f"H={heads}", group, "token"),
            exact_curve(f"exact H={heads}", dense, values),
        ]
        if heads == 1:
            names = ("difference", "unrelated", "token", "total")
            differences += [_over_width(name, group, name) for name in names]
    for heads, group in _by_heads(table, "identical"):
        by_width.append(_over_width(f"identical H={heads}", group, "token"))
    law = moments(tokens)
    plateaus = {
        "difference": difference_moments(tokens),
        "token": law,
    }
    for name, plateau in plateaus.items():
        value = softmax_moments.excess_kurtosis(plateau, 1)
        differences.append(
            exact_curve(f"limit {name}", [float(w) for w in widths], np.full(len(widths), value))
        )
    return {
        "mixture-width": curves(*by_width),
        "mixture-length": _over_length(table),
        "mixture-difference": curves(*differences),
    }


def exact_value(row: xr.Dataset) -> float:
    """Exact excess kurtosis of one output of orthonormal tokens at the point's width."""
    return _exact(int(row["tokens"]), int(row["heads"]), int(row["width"]))


def _exact(tokens: int, heads: int, width: int) -> float:
    return softmax_moments.excess_kurtosis(moments(tokens, width), heads, width)


def _over_length(table: xr.Dataset) -> xr.Dataset:
    """One head: excess kurtosis over the number of tokens at the width where most of them were run."""
    single = list(rows(table, gram="orthonormal", heads=1))
    lengths = {int(row["width"]) for row in single if int(row["tokens"]) != _pair(table)}
    chosen = [row for row in single if int(row["width"]) in lengths]
    width = min(lengths, default=0)
    dense = [2, 3, 4, 6, 8, 12, 16, 24, 32]
    finite = [_exact(s, 1, width) for s in dense] if width else []
    limit = [softmax_moments.excess_kurtosis(moments(s), 1) for s in dense]
    counts = [float(row["tokens"]) for row in chosen]
    return curves(
        points_of_curve("measured", counts, [excess_kurtosis(row, "token") for row in chosen]),
        exact_curve("exact", dense[: len(finite)], finite),
        exact_curve("limit", dense, limit),
    ).assign_attrs(width=width)


def _over_width(series: str, group: list[xr.Dataset], functional: str) -> xr.Dataset:
    return points_of_curve(
        series, [float(row["width"]) for row in group], [excess_kurtosis(row, functional) for row in group]
    )


def _limit(name: str, group: list[xr.Dataset], functional: str, prediction: float) -> Measurement:
    used = wide_enough([int(row["width"]) for row in group])
    kept = [row for row, keep in zip(group, used, strict=True) if keep]
    estimates = [excess_kurtosis(row, functional) for row in kept]
    limit = extrapolate([int(row["width"]) for row in kept], estimates)
    return Measurement(name, limit, sum(map(draws, kept)), prediction)


def _ratio(row: xr.Dataset, functional: str) -> Estimate:
    """Excess kurtosis of the functional over that of one token, in the same draws."""

    def ratio(mean: np.ndarray, square: np.ndarray, own: np.ndarray, own_square: np.ndarray) -> float:
        excess = square.mean() / mean.mean() ** 2 - 1
        return float(excess / (own_square.mean() / own.mean() ** 2 - 1))

    names = (functional, f"{functional}_square", "token", "token_square")
    return jackknife(ratio, *(row[name] for name in names))


def _by_heads(table: xr.Dataset, gram: str) -> Iterable[tuple[int, list[xr.Dataset]]]:
    """Points over the widths, for each number of heads, with the number of tokens that both Grams share."""
    pair = _pair(table)
    for heads in sorted({int(row["heads"]) for row in rows(table, gram="identical")}):
        yield heads, list(rows(table, gram=gram, heads=heads, tokens=pair))


def _pair(table: xr.Dataset) -> int:
    """The number of tokens that is run at every width, with orthonormal and with identical tokens."""
    return int(next(iter(rows(table, gram="identical")))["tokens"])


def _name(row: xr.Dataset) -> str:
    return f"s={int(row['tokens'])} H={int(row['heads'])} n={int(row['width'])}"
