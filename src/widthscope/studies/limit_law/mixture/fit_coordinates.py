"""Several coordinates of one draw: normalised outputs, norms, and pairs, against their exact values."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import xarray as xr

from widthscope.attention import softmax_moments
from widthscope.statistics.evidence import evidence
from widthscope.statistics.intervals import Estimate
from widthscope.statistics.power_laws import fit_slope
from widthscope.studies.limit_law.measurements import (
    Measurement,
    draws,
    extrapolate,
    measured,
    rows,
    wide_enough,
)
from widthscope.studies.limit_law.mixture.coordinate_estimates import (
    exact_correlation,
    exact_explained,
    exact_norm_variance,
    explained,
    groups_by_heads,
    kurtosis,
    linear_correlation,
    regression_slope,
    square_correlation,
    variance,
)
from widthscope.studies.limit_law.orthonormal import moments

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

WIDE = 256
"""Widths from which on the norm's variance is asked to have stopped falling."""


def conditional_gaussian(table: xr.Dataset) -> Evidence:
    """Kurtosis of y/√Σ_ii(G) and of y/√Σ_ii(A,V) against exact values; the control is y itself.

    The first is 3 + (6/d_v) E Σ_a p_a² with p_a the share of head a in Σ_ii(G), for one head 3 + 6/d_v; the
    second is 3.
    For several heads E Σ_a p_a² is the mean over the same draws: its error, times 6/d_v, is far below that
    of a kurtosis.
    """
    tests: Evidence = {}
    for name in ("given_scores", "given_values"):
        parts = []
        for measure in (name, "raw"):
            entries = []
            for row in rows(table):
                shares = 6 / int(row["width"]) * float(row["participation"].mean())
                prediction = 3.0 + (shares if name == "given_scores" else 0.0)
                entries.append(Measurement(_name(row), kurtosis(row, measure), draws(row), prediction))
            parts.append(measured(entries))
        tests[name.replace("_", "-")] = (parts[0], parts[1])
    return tests


def non_self_averaging(table: xr.Dataset) -> Evidence:
    """The variance of |y_i|²/n, and its regression on Σ_ii(G).

    Controls: for the variance a layer with its scores frozen at their mean; for the regression the norm
    paired with Σ_ii(G) of another draw.
    """
    groups = groups_by_heads(table)
    tests: Evidence = {}
    tests["limit"] = _twice(_limits, groups, "norm", "frozen_norm")
    tests["plateau"] = _twice(_slopes, groups, "norm", "frozen_norm")
    tests["exact-width"] = _twice(_variances, groups, "norm", "frozen_norm")
    tests["regression"] = _twice(_regressions, groups, "norm_variance", "norm_unrelated")
    tests["explained"] = _twice(_explained, groups, "norm_variance", "norm_unrelated")
    tests["explained-increases"] = (_increases(groups), None)
    return tests


def coordinate_dependence(table: xr.Dataset) -> Evidence:
    """Correlation of squares of two coordinates of one draw, and of the coordinates themselves.

    Controls: for the squares, coordinates of two different draws; for the linear correlation that of the
    squares, which the rule must be able to see.
    """
    parts = {}
    for name in ("pair_squares", "unrelated_squares"):
        parts[name] = [
            Measurement(_name(row), square_correlation(row, name), draws(row), exact_correlation(row))
            for row in rows(table)
        ]
    squares, unrelated = parts["pair_squares"], parts["unrelated_squares"]
    linear = [Measurement(_name(row), linear_correlation(row), draws(row), 0.0) for row in rows(table)]
    return {
        "exact-width": (measured(squares), measured(unrelated)),
        "fraction-of-exact": (
            measured([entry.relative() for entry in squares]),
            measured([entry.relative() for entry in unrelated]),
        ),
        "linear": (_absolute(linear), _absolute(squares)),
    }


def _variances(group: list[xr.Dataset], name: str) -> list[Measurement]:
    return [
        Measurement(_name(row), variance(row, name), draws(row), exact_norm_variance(row)) for row in group
    ]


def _limits(group: list[xr.Dataset], name: str) -> list[Measurement]:
    used = wide_enough([int(row["width"]) for row in group])
    kept = [row for row, keep in zip(group, used, strict=True) if keep]
    heads, tokens = int(kept[0]["heads"]), int(kept[0]["tokens"])
    limit = extrapolate([int(row["width"]) for row in kept], [variance(row, name) for row in kept])
    law = moments(tokens)
    prediction = softmax_moments.variance_of_variance(law, heads)
    return [Measurement(f"H={heads}", limit, sum(map(draws, kept)), prediction).relative()]


def _slopes(group: list[xr.Dataset], name: str) -> list[Measurement]:
    wide = [row for row in group if int(row["width"]) >= WIDE]
    kept = wide if len(wide) >= 2 else group[-2:]
    estimates = [variance(row, name) for row in kept]
    fitted = fit_slope(
        [int(row["width"]) for row in kept],
        [estimate.value for estimate in estimates],
        [estimate.standard_error for estimate in estimates],
        degrees=estimates[0].degrees,
    )
    slope = Estimate(fitted.exponent, fitted.standard_error, fitted.degrees)
    exact = np.log([exact_norm_variance(row) for row in (kept[0], kept[-1])])
    prediction = (exact[1] - exact[0]) / np.log(int(kept[-1]["width"]) / int(kept[0]["width"]))
    return [Measurement(f"H={int(kept[0]['heads'])}", slope, sum(map(draws, kept)), float(prediction))]


def _regressions(group: list[xr.Dataset], product: str) -> list[Measurement]:
    return [Measurement(_name(row), regression_slope(row, product), draws(row), 1.0) for row in group]


def _explained(group: list[xr.Dataset], product: str) -> list[Measurement]:
    return [
        Measurement(_name(row), explained(row, product), draws(row), exact_explained(row)) for row in group
    ]


def _increases(groups: list[list[xr.Dataset]]) -> xr.Dataset:
    """Differences of the explained share between successive widths, which were drawn independently."""
    steps = []
    for group in groups:
        for narrow, wide in pairwise(group):
            low, high = explained(narrow, "norm_variance"), explained(wide, "norm_variance")
            error = float(np.hypot(low.standard_error, high.standard_error))
            step = Estimate(high.value - low.value, error, min(low.degrees, high.degrees))
            predicted = exact_explained(wide) - exact_explained(narrow)
            name = f"H={int(wide['heads'])} n={int(narrow['width'])} to {int(wide['width'])}"
            steps.append(Measurement(name, step, draws(narrow) + draws(wide), predicted))
    return measured(steps)


def _twice(
    estimates: Callable[[list[xr.Dataset], str], list[Measurement]],
    groups: list[list[xr.Dataset]],
    name: str,
    control: str,
) -> tuple[xr.Dataset, xr.Dataset]:
    """The same estimates of a quantity and of its control, for every number of heads."""
    parts = [
        measured([entry for group in groups for entry in estimates(group, which)])
        for which in (name, control)
    ]
    return parts[0], parts[1]


def _absolute(entries: list[Measurement]) -> xr.Dataset:
    """Correlations as evidence against zero; the scale of a correlation is 1."""
    return evidence(
        [entry.name for entry in entries],
        [entry.estimate.value for entry in entries],
        [entry.estimate.standard_error for entry in entries],
        prediction=0.0,
        n=[entry.draws for entry in entries],
        degrees=[entry.estimate.degrees for entry in entries],
        scale=1.0,
    )


def _name(row: xr.Dataset) -> str:
    return f"H={int(row['heads'])} n={int(row['width'])}"
