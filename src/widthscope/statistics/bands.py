"""Judge intervals against a band of allowed values: the core of the equivalence and one-sided rules."""

import numpy as np

from widthscope.statistics.judgement import Columns, Floats, Judgement, Outcome, nothing_measured
from widthscope.statistics.quantiles import level_of

MOST_DRAWS = 1e6  # a hint at more draws than so many times the present ones helps nobody


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
    reason = _reason(verdict, columns, headline, where, refuted, known, interval, band, width)
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


def more_draws(half: float, room: float) -> str:
    """Say how much larger a sample would decide, (half-width / room)^2 times; '' beyond any use."""
    if not (np.isfinite(half) and half > room > MOST_DRAWS**-0.5 * half):
        return ""
    times = (half / room) ** 2
    larger = "slightly larger" if times < 1.5 else f"about {float(f'{times:.2g}'):g} times as large"
    return f" (a sample {larger} would do, if the estimate stays)"


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
    half: float,
) -> str:
    count = len(columns.names)
    shown = f"[{interval[0]:.4g}, {interval[1]:.4g}]"
    worst = f" ({columns.names[headline]}, the worst of {count})" if count > 1 else ""
    if verdict == "refuted":
        return f"{int(refuted.sum())} of {count} not {where}: the interval {shown}{worst} is wholly outside"
    if verdict == "supported":
        note = ""
        predicted = columns.prediction[headline]
        if np.isfinite(predicted) and np.isfinite(band).all() and not interval[0] <= predicted <= interval[1]:
            note = "; it does not contain the prediction itself, a deviation smaller than the margin"
        return f"the interval {shown}{worst} is {where}{note}"
    if not known.all():
        missing = [name for name, is_known in zip(columns.names, known, strict=True) if not is_known]
        return (
            f"{len(missing)} of {count} have no estimate, standard error or prediction (first: {missing[0]})"
        )
    estimate = float(columns.estimate[headline])
    room = max(min(estimate - band[0], band[1] - estimate), band[0] - estimate, estimate - band[1])
    hint = more_draws(half, room)
    return f"the interval {shown}{worst} is neither {where} nor wholly outside{hint}"
