"""Judge intervals against a band of allowed values: the core of the equivalence and one-sided rules."""

from collections.abc import Callable

import numpy as np

from widthscope.statistics.judgement import Columns, Floats, Judgement, Outcome, nothing_measured
from widthscope.statistics.quantiles import level_of
from widthscope.statistics.sample_size import factor_for, in_words

ROUNDING = 16 * np.finfo(np.float64).eps


def judge(
    columns: Columns,
    low: Floats,
    high: Floats,
    level: float,
    where: str,
    standard_errors: float | None = None,
) -> Judgement:
    """Judge whether every component lies in its band [low, high].

    Supported iff all joint intervals lie inside their bands; refuted iff one measured component's interval is
    disjoint from its band; the headline is the component that decided, else the one farthest from being
    supported.

    Args:
        columns: the evidence, C components.
        low: (C,) lower edges; -inf for none, NaN for unknown (never supported, never refuted).
        high: (C,) upper edges; inf for none.
        level: joint two-sided level of the intervals.
        where: the band in words, for the reason.
        standard_errors: half-widths in standard errors, in place of the level's critical value.
    """
    known = columns.measured & ~np.isnan(low) & ~np.isnan(high)
    if standard_errors is not None:
        tails = sum(1 - level_of(standard_errors, degrees) for degrees in columns.degrees)
        level = max(0.0, 1 - tails)  # what this half-width covers, jointly over the components
    if not known.any():
        return nothing_measured(columns, level)
    if standard_errors is not None:
        half = np.where(columns.measured, standard_errors * columns.standard_error, np.inf)
    else:
        half = columns.half_widths(level)
    lower, upper = columns.limits(half, level)
    overhang = np.full(len(columns.names), np.inf)  # how far the interval sticks out of its band
    overhang[known] = np.maximum(low[known] - lower[known], upper[known] - high[known])
    gap = np.full(len(columns.names), -np.inf)  # how far it lies away from it
    gap[known] = np.maximum(lower[known] - high[known], low[known] - upper[known])
    refuted = gap > 0
    if refuted.any():
        verdict: Outcome = "refuted"
        headline = int(np.argmax(gap))
    else:
        verdict = "supported" if np.all(overhang <= 0) else "undecided"
        headline = int(np.argmax(np.where(known, overhang, -np.inf)))
    band = (float(low[headline]), float(high[headline]))
    interval = (float(lower[headline]), float(upper[headline]))
    estimate, predicted = float(columns.estimate[headline]), float(columns.prediction[headline])
    width = float(half[headline])
    own = 1 - (1 - level) / len(columns.names)  # level of the headline's interval by itself
    degrees = np.inf if standard_errors is not None else float(columns.degrees[headline])

    def hint(room: float) -> str:
        return more_draws(width, room, degrees, own)

    reason = _reason(verdict, columns, headline, where, refuted, known, interval, band, hint)
    z = columns.z(columns.estimate - columns.prediction)
    return Judgement(
        verdict=verdict,
        estimate=estimate,
        interval=interval,
        prediction=predicted if np.isfinite(predicted) else None,
        reason=reason,
        level=level,
        n=int(columns.n[headline]),
        components=columns.table(lower, upper, z),
    )


def more_draws(half: float, room: float, degrees: float = np.inf, level: float = 0.99) -> str:
    """Say how much larger a sample would decide; '' where none of a useful size does.

    Args:
        half: half-width of the interval.
        room: half-width that would decide.
        degrees: degrees of freedom behind the interval.
        level: two-sided level of this one interval.
    """
    if not half > room:
        return ""
    times = factor_for(half, room, degrees, level)
    return f" ({in_words(times)} would do, if the estimate stays)" if np.isfinite(times) else ""


def require_positive(name: str, value: float | None) -> None:
    """Raise ValueError unless a rule's number is absent or finite and above 0."""
    if value is not None and not 0 < value < np.inf:
        raise ValueError(f"{name} is {value}, allowed: a finite number above 0")


def _reason(
    verdict: Outcome,
    columns: Columns,
    headline: int,
    where: str,
    refuted: np.ndarray,
    known: np.ndarray,
    interval: tuple[float, float],
    band: tuple[float, float],
    hint: Callable[[float], str],
) -> str:
    count = len(columns.names)
    shown = f"[{interval[0]:.4g}, {interval[1]:.4g}]"
    worst = f" ({columns.names[headline]}, the worst of {count})" if count > 1 else ""
    if verdict == "refuted":
        return f"{int(refuted.sum())} of {count} not {where}: the interval {shown}{worst} is wholly outside"
    if verdict == "supported":
        note = ""
        predicted = columns.prediction[headline]
        if np.isfinite(predicted) and np.isfinite(band).all() and not _contains(interval, float(predicted)):
            note = "; it does not contain the prediction itself, a deviation smaller than the margin"
        return f"the interval {shown}{worst} is {where}{note}"
    if not known.all():
        missing = [name for name, is_known in zip(columns.names, known, strict=True) if not is_known]
        return (
            f"{len(missing)} of {count} have no estimate, standard error or prediction (first: {missing[0]})"
        )
    estimate = float(columns.estimate[headline])
    room = max(min(estimate - band[0], band[1] - estimate), band[0] - estimate, estimate - band[1])
    return f"the interval {shown}{worst} is neither {where} nor wholly outside{hint(room)}"


def _contains(interval: tuple[float, float], value: float) -> bool:
    """Whether the interval holds the value, to the rounding of the few sums that each end came out of."""
    slack = ROUNDING * max(abs(value), *(abs(end) for end in interval if np.isfinite(end)), 0.0)
    return bool(interval[0] - slack <= value <= interval[1] + slack)
