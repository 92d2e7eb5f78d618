"""A claim at a glance: the estimate and its interval, the prediction, what was allowed, and the control.

Drawn as a few SVG shapes that take their colours from the page. It repeats what the words beside it say, so
it is hidden from screen readers.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from widthscope.report.numbers import number

WIDTH, HEIGHT = 380, 88
LEFT, RIGHT = 68, 366
ROW_MEASURED, ROW_CONTROL, FLOOR = 18, 42, 62
REACH = 12.0  # a control farther away than this many core spans is shown as an arrow

Bounds = Sequence[float | None]


@dataclass(frozen=True)
class Reading:
    """One estimate with its interval; None where a bound, or the estimate, does not exist."""

    estimate: float | None
    interval: Bounds | None

    def values(self) -> list[float]:
        """Everything finite in it."""
        return _finite([self.estimate, *(self.interval or ())])


def glance(
    measured: Reading,
    control: Reading | None,
    prediction: float | None,
    allowed: Bounds | None,
    verdict: str,
) -> Markup:
    """The graphic, or nothing where nothing was measured.

    Args:
        measured, control: the two rows.
        prediction: a dashed line.
        allowed: the band in which the rule wants the interval; None in it: unbounded on that side.
        verdict: name of the colour of the measured row.
    """
    if not measured.values():
        return Markup("")
    core = measured.values() + _finite([prediction, *(allowed or ())])
    low, high = _span(core, control.values() if control else [])

    def place(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (value - low) / (high - low), 1)

    parts = [_band(allowed, place), _axis(low, high, place)]
    if prediction is not None and math.isfinite(prediction):
        parts.append(f'<path class="predicted" d="M{place(prediction)} 5V{FLOOR}"/>')
    parts.append(_row(measured, ROW_MEASURED, f"measured {verdict}", "measured", place))
    if control is not None and control.values():
        parts.append(_row(control, ROW_CONTROL, "control", "control", place))
    svg = f'<svg class="glance" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true" focusable="false">'
    return Markup(svg + "".join(parts) + "</svg>")


def _span(core: list[float], control: list[float]) -> tuple[float, float]:
    """Ends of the axis: all of the core, and the control if it does not dwarf the core."""
    low, high = min(core), max(core)
    width = (high - low) or abs(high) * 0.1 or 1.0
    for value in control:
        if low - REACH * width <= value <= high + REACH * width:
            low, high = min(low, value), max(high, value)
    pad = 0.08 * ((high - low) or width)
    return low - pad, high + pad


def _band(allowed: Bounds | None, place: Callable[[float], float]) -> str:
    if allowed is None:
        return ""
    low, high = allowed
    start = LEFT - 4 if low is None or not math.isfinite(low) else place(low)
    end = RIGHT + 4 if high is None or not math.isfinite(high) else place(high)
    return (
        f'<rect class="allowed" x="{start}" y="5" width="{max(end - start, 1.5):.1f}" height="{FLOOR - 5}"/>'
    )


def _axis(low: float, high: float, place: Callable[[float], float]) -> str:
    marks = "".join(
        f'<path class="tick" d="M{place(value)} {FLOOR}v4"/>'
        f'<text class="label" x="{place(value)}" y="{FLOOR + 17}" text-anchor="middle">'
        f"{number(value, 6)}</text>"
        for value in ticks(low, high)
    )
    return f'<path class="axis" d="M{LEFT - 4} {FLOOR}H{RIGHT + 4}"/>{marks}'


def _row(reading: Reading, y: int, style: str, name: str, place: Callable[[float], float]) -> str:
    """Name, interval and dot; an arrow at the edge for what lies beyond it."""
    label = f'<text class="name" x="0" y="{y + 4}">{name}</text>'

    def clipped(value: float) -> float:
        return min(max(place(value), LEFT - 4), RIGHT + 4)

    centre = reading.estimate
    if centre is not None and math.isfinite(centre) and clipped(centre) != place(centre):
        edge, step = (RIGHT + 4, -8) if place(centre) > RIGHT else (LEFT - 4, 8)
        anchor, text = ("end", edge - 14) if step < 0 else ("start", edge + 14)
        return (
            f'<g class="{style}">{label}<path class="arrow" d="M{edge} {y}l{step} -4.5v9z"/>'
            f'<text class="label" x="{text}" y="{y + 4}" text-anchor="{anchor}">{number(centre)}</text></g>'
        )
    bar = ""
    if reading.interval is not None:
        low, high = reading.interval
        start = LEFT - 4 if low is None or not math.isfinite(low) else clipped(low)
        end = RIGHT + 4 if high is None or not math.isfinite(high) else clipped(high)
        bar = f'<path class="bar" d="M{start} {y}H{end}"/>'
    dot = ""
    if centre is not None and math.isfinite(centre):
        dot = f'<circle class="dot" cx="{place(centre)}" cy="{y}" r="4.5"/>'
    return f'<g class="{style}">{label}{bar}{dot}</g>'


def ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round values between two ends, about `wanted` of them, at steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10((high - low) / wanted))
    choices = []
    for step in (power, 2 * power, 5 * power, 10 * power):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        choices.append([float(f"{k * step:.12g}") for k in range(first, last + 1)])
    return min(choices, key=lambda values: abs(len(values) - wanted))


def _finite(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]
