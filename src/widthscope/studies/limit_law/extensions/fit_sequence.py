"""Evidence on causal masks and on long sequences: excess kurtosis against exact values."""

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
    measured,
    points_of_curve,
    rows,
)
from widthscope.studies.limit_law.orthonormal import moments

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def causal_tests(table: xr.Dataset) -> Evidence:
    """Excess kurtosis at every position against that of as many tokens, and its growth over positions.

    Controls: no mask, for the values; a reversed mask, under which early tokens see most, for the growth.
    """
    widest = int(table["width"].values.max())
    exact = [
        measured([entry for row in rows(table, mask=mask) for entry in _positions(row, from_width)])
        for mask, from_width in (("causal", 0), ("none", widest))
    ]
    growth = [
        measured([entry for row in rows(table, mask=mask) for entry in _steps(row)])
        for mask in ("causal", "reversed")
    ]
    return {"exact-width": (exact[0], exact[1]), "growth": (growth[0], growth[1])}


def length_tests(table: xr.Dataset) -> Evidence:
    """Excess kurtosis of every length against the exact value, and its fall beyond the maximum.

    The control attends to a window of fixed length, whatever the length of the sequence.
    """
    full, window = _sequences(table, windowed=False), _sequences(table, windowed=True)
    exact = [
        measured(
            [
                Measurement(
                    f"s={int(row['tokens'])}", excess_kurtosis(row, "token"), draws(row), exact_value(row)
                )
                for row in group
            ]
        )
        for group in (full, window)
    ]
    peak = int(np.argmax([exact_value(row) for row in full]))
    exact_fall = 1 - exact_value(full[-1]) / exact_value(full[peak])
    falls = [measured([_fall(group[peak], group[-1], exact_fall)]) for group in (full, window)]
    return {"exact-width": (exact[0], exact[1]), "falls-again": (falls[0], falls[1])}


def exact_value(row: xr.Dataset) -> float:
    """Exact excess kurtosis of one output of `tokens` orthonormal tokens at the point's width."""
    return _exact(int(row["tokens"]), int(row["heads"]), int(row["width"]))


def causal_curve(table: xr.Dataset) -> xr.Dataset:
    """Excess kurtosis over the position at the largest width, under each mask, and what is predicted."""
    widest = int(table["width"].values.max())
    shown = {str(row["mask"].item()): row for row in rows(table, width=widest)}
    positions = np.arange(1, table.sizes["position"] + 1)
    heads = int(table["heads"].values[0])
    limit = [softmax_moments.excess_kurtosis(moments(int(s)), heads) for s in positions]
    series = [
        points_of_curve(mask, list(positions), [_at(row, place) for place in range(len(positions))])
        for mask, row in shown.items()
    ]
    series += [
        exact_curve("exact", list(positions), [_exact(int(s), heads, widest) for s in positions]),
        exact_curve("limit", list(positions), limit),
    ]
    return curves(*series).assign_attrs(width=widest, heads=heads)


def length_curve(table: xr.Dataset) -> xr.Dataset:
    """Excess kurtosis over the length, measured, exact at the width, and in the limit."""
    full, window = _sequences(table, windowed=False), _sequences(table, windowed=True)
    width, heads = int(full[0]["width"]), int(full[0]["heads"])
    reach = max(4096, int(full[-1]["tokens"]))
    dense = sorted({round(s) for s in np.geomspace(2, reach, 23)})
    limit = [softmax_moments.excess_kurtosis(moments(s), heads) for s in dense]
    return curves(
        *(
            points_of_curve(
                name,
                [float(row["tokens"]) for row in group],
                [excess_kurtosis(row, "token") for row in group],
            )
            for name, group in (("measured", full), ("window", window))
        ),
        exact_curve("exact", dense, [_exact(s, heads, width) for s in dense]),
        exact_curve("limit", dense, limit),
    ).assign_attrs(width=width, heads=heads, window=int(table.attrs["window"]))


def _exact(tokens: int, heads: int, width: int) -> float:
    return softmax_moments.excess_kurtosis(moments(tokens, width), heads, width)


def _at(row: xr.Dataset, place: int) -> Estimate:
    return excess_kurtosis(row.isel(position=place), "token")


def _positions(row: xr.Dataset, from_width: int) -> list[Measurement]:
    """Every position of a point, against the exact value for as many tokens as it sees under a causal
    mask."""
    width, heads = int(row["width"]), int(row["heads"])
    if width < from_width:
        return []
    return [
        Measurement(
            f"n={width} position {place + 1}", _at(row, place), draws(row), _exact(place + 1, heads, width)
        )
        for place in range(row.sizes["position"])
    ]


def _steps(row: xr.Dataset) -> list[Measurement]:
    """Growth from one position to the next, in the same draws."""

    def step(mean: np.ndarray, square: np.ndarray) -> np.ndarray:
        return np.diff(3 * (square.mean(0) / mean.mean(0) ** 2 - 1))

    by_batch = row.transpose("batch", "position")
    found = jackknife(step, by_batch["token"], by_batch["token_square"])
    width, heads = int(row["width"]), int(row["heads"])
    return [
        Measurement(
            f"n={width} position {place + 1} to {place + 2}",
            Estimate(float(found.value[place]), float(found.standard_error[place]), found.degrees),
            draws(row),
            _exact(place + 2, heads, width) - _exact(place + 1, heads, width),
        )
        for place in range(row.sizes["position"] - 1)
    ]


def _sequences(table: xr.Dataset, windowed: bool) -> list[xr.Dataset]:
    """Points over the lengths, in which the token sees everything, or only the window."""
    window = int(table.attrs["window"])
    return [row for row in rows(table) if int(row["seen"]) == (window if windowed else int(row["tokens"]))]


def _fall(peak: xr.Dataset, longest: xr.Dataset, exact_fall: float) -> Measurement:
    """Relative fall of the excess kurtosis from the length of its maximum to the longest, over the exact one.

    It cannot be told where the longest sequence is at the maximum itself.
    """
    first, second = excess_kurtosis(peak, "token"), excess_kurtosis(longest, "token")
    name = f"s={int(longest['tokens'])} against s={int(peak['tokens'])}"
    if exact_fall <= 0:
        return Measurement(name, Estimate(np.nan, np.nan), draws(longest), 1.0)
    ratio = second.value / first.value
    relative = np.hypot(*(one.standard_error / one.value for one in (first, second)))
    estimate = Estimate((1 - ratio) / exact_fall, float(abs(ratio) * relative) / exact_fall, first.degrees)
    return Measurement(name, estimate, draws(longest), 1.0)
