"""What is worth saying of the numbers of a user's function, each in one sentence, by fixed rules.

An exponent over a finite horizon is never called chaos, here or anywhere: it is positive wherever some
tangent has grown over the horizon, and a map that is not normal lets some grow on its way to rest.
"""

import math

import numpy as np
import xarray as xr
from scipy.stats import kendalltau

from widthscope.statistics.quantiles import critical_value

MOST = 3
"""States that one sentence names."""
JOINT_LEVEL = 0.99
"""Of the statement that exponents are above zero, over all states of a batch together."""
TREND_LEVEL = 1e-3
"""p-value below which successive parts of a run have a trend."""
LEAST_STEPS = 20
"""Of ``--long-steps``."""
SLIGHT = 0.01
"""A trend that moves the average by less than this share is not worth saying."""
ROUNDING = {"float64": 1e-9, "float32": 1e-5}
"""Exponents within this of zero, or of each other, are taken for zero, or for equal."""


def findings(table: xr.Dataset) -> list[str]:
    """Sentences on an analysis, in order of weight.

    Args:
        table: what `widthscope.dynamics.analysis.analyse` returns.
    """
    said = [
        _left(table),
        _no_derivative(table),
        _not_converged(table),
        _zero(table),
        _null(table),
        _transient(table),
        _parting(table),
        _periodic(table),
        _drifting(table),
        _float32(table),
    ]
    return [sentence for sentence in said if sentence]


def motion(table: xr.Dataset, state: int) -> str:
    """What the trajectory of a state does, in a few words."""
    left, period = int(table["left"].values[state]), int(table["period"].values[state])
    if left:
        return f"{table['kind'].values[state]} from step {left} on"
    if period == 1:
        return "comes to rest at a fixed point"
    return f"repeats itself every {period} steps" if period else "does not settle"


def _which(table: xr.Dataset, chosen: np.ndarray) -> str:
    """Names of the chosen states; nothing where there is a single one."""
    if table.attrs["states"] == 1:
        return ""
    places = np.flatnonzero(chosen)
    listed = ", ".join(str(place) for place in places[:MOST]) + (", …" if len(places) > MOST else "")
    return f" ({len(places)} of {table.attrs['states']} states: {listed})"


def _left(table: xr.Dataset) -> str:
    left = table["left"].values
    if not (left > 0).any():
        return ""
    first = int(left[left > 0].min())
    before = first - 2  # at the state before the last finite one, the Jacobian is finite as well
    room, more = before - 2 * int(table.attrs["warm_up"]), ""
    if room >= LEAST_STEPS:
        more = f"; --long-steps {room} ends before"
    elif before >= LEAST_STEPS:
        more = "; a shorter --warm-up leaves room for them"
    return (
        f"The trajectory leaves the finite numbers at step {first}{_which(table, left > 0)}, so there are no "
        f"exponents in the long run{more}."
    )


def _no_derivative(table: xr.Dataset) -> str:
    unknown = np.isnan(table["long_exponent"].values[:, 0]) & (table["left"].values == 0)
    if not unknown.any():
        return ""
    return (
        f"Torch's derivative is not finite somewhere on the trajectory{_which(table, unknown)}, so there are "
        "no exponents past that; a square root or a norm has no slope at zero."
    )


def _not_converged(table: xr.Dataset) -> str:
    values = table["eigenvalue_converged"].values
    missed, worst = int((~values).sum()), table["eigenvalue_residual"].values
    parts = []
    if missed:
        parts.append(
            f"{missed} of {values.size} eigenvalues have not converged (largest residual "
            f"{float(np.nanmax(np.where(values, np.nan, worst))):.1e})"
        )
    if not table["singular_converged"].values.all():
        parts.append(
            "the largest singular value has not converged (residual "
            f"{float(np.nanmax(table['singular_residual'].values)):.1e})"
        )
    unknown = np.isfinite(table["finite_exponent"].values) & ~table["finite_converged"].values
    if unknown.any():
        parts.append(f"{int(unknown.sum())} exponents over {table.attrs['steps']} steps have not converged")
    if not parts:
        return ""
    text = ", and ".join(parts)
    ways = ["--dense"] if table.attrs["dense_is_open"] else []
    if table.attrs["spectrum_method"] != "dense" and table.attrs["count"] > 1:
        ways.append("a smaller --count")
    better = f", which {' or '.join(ways)} may improve" if ways else ""
    return f"{text[0].upper()}{text[1:]}; they are estimates{better}."


def _zero(table: xr.Dataset) -> str:
    zero = table["singular"].values == 0
    if not zero.any():
        return ""
    return f"The Jacobian is zero at the state{_which(table, zero)}: there the function ignores its state."


def _null(table: xr.Dataset) -> str:
    null: np.ndarray = np.asarray(np.isneginf(table["long_exponent"].values))
    if not null.any():
        return ""
    count = int(null.sum(1).max())
    which = _which(table, np.asarray(null.any(1)))
    return (
        f"{count} of the {null.shape[1]} leading directions {'is' if count == 1 else 'are'} annihilated on "
        f"the way (exponent -inf){which}."
    )


def _transient(table: xr.Dataset) -> str:
    finite, high = table["finite_exponent"].values[:, 0], table["long_high"].values[:, 0]
    low, rounding = table["long_low"].values[:, 0], ROUNDING[table.attrs["dtype"]]
    grows = (finite > rounding) & (finite > high + rounding)
    over = f"Over {table.attrs['steps']} steps the exponent is positive"
    fades, open_ = grows & (high < -rounding), grows & (low <= rounding) & (high >= -rounding)
    said = []
    if fades.any():
        said.append(
            f"{over}, in the long run it is not{_which(table, fades)}: some tangents grow before they fade, "
            "and the finite horizon shows no more."
        )
    if open_.any():
        said.append(
            f"{over}; the long-run exponent is not told apart from 0{_which(table, open_)}, and the finite "
            "horizon does not decide it."
        )
    return " ".join(said)


def _parting(table: xr.Dataset) -> str:
    """Exponents above zero beyond chance, jointly over the states and in the run's second half as well."""
    of, rounding = table.attrs, ROUNDING[table.attrs["dtype"]]
    margin = float(critical_value(JOINT_LEVEL, 9, of["states"])) * table["long_error"].values[:, 0]
    parts = table["long_exponent"].values[:, 0] > margin + rounding
    parts &= table["long_low"].values[:, 0] > rounding
    parts &= ~_drifts(table)
    if not parts.any():
        return ""
    over = " jointly over the states" if of["states"] > 1 else ""
    return (
        f"In the long run nearby trajectories part{_which(table, parts)}: the exponent is above 0 at a "
        f"level of {100 * JOINT_LEVEL:.0f} %{over}."
    )


def _periodic(table: xr.Dataset) -> str:
    period = table["period"].values
    cycling = period > 1
    if not cycling.any():
        return ""
    return (
        f"The trajectory ends in a cycle{_which(table, cycling)}: whether that is stable, the long-run "
        "exponent says, and the spectral radius of a single step does not."
    )


def _drifting(table: xr.Dataset) -> str:
    drifts = _drifts(table)
    if not drifts.any():
        return ""
    return (
        f"The long-run exponent still drifts{_which(table, drifts)}, from one part of the run to the next, "
        "so its interval is no guide to where it ends; take more --long-steps or --warm-up."
    )


def _drifts(table: xr.Dataset) -> np.ndarray:
    """States whose growth rises or falls from part to part of the run, and by enough to move the average."""
    whole, half = table["long_exponent"].values[:, 0], table["second_half"].values[:, 0]
    with np.errstate(invalid="ignore"):  # of -inf
        moved = np.abs(whole - half) > SLIGHT * np.abs(whole) + ROUNDING[table.attrs["dtype"]]
    trends = [_trend(table, state) for state in range(table.attrs["states"])]
    return np.asarray(moved & np.array(trends))


def _trend(table: xr.Dataset, state: int) -> bool:
    """Whether the growth of successive parts of the run rises or falls beyond chance (Kendall's tau)."""
    record = table["record"].values
    sums = table["history"].values[state, :, 0] * record
    if not np.isfinite(sums).all():
        return False
    rates = np.diff(sums, prepend=0.0) / np.diff(record, prepend=0)
    return bool(kendalltau(np.arange(len(rates)), rates).pvalue < TREND_LEVEL)


def _float32(table: xr.Dataset) -> str:
    if table.attrs["dtype"] == "float64":
        return ""
    return (
        "All was computed in float32: about six digits count, and of the exponents over "
        f"{table.attrs['steps']} steps those within {math.log(1e6) / table.attrs['steps']:.2g} of the first."
    )
