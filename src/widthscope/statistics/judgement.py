"""What a rule returns: a verdict with its interval, its reason, and the table of components behind it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import UNSAID
from widthscope.statistics.quantiles import critical_value, share_limits

Outcome = Literal["supported", "refuted", "undecided", "reported"]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class Component:
    """One line of a test's table. Numbers that do not exist are NaN; an unknown interval is (-inf, inf)."""

    component: str
    estimate: float
    interval: tuple[float, float]
    prediction: float
    z: float
    p_value: float
    n: int


@dataclass(frozen=True)
class Judgement:
    """Outcome of one rule on one piece of evidence.

    `estimate`, `interval`, `prediction` and `n` are the headline's: the component (or pooled number) that
    decided. `level` is the joint level of the intervals in `components`, and that of the headline's interval.
    """

    verdict: Outcome
    estimate: float
    interval: tuple[float, float]
    prediction: float | None
    reason: str
    level: float
    n: int
    components: tuple[Component, ...] = ()


@dataclass(frozen=True)
class Columns:
    """The columns of an evidence Dataset as arrays, each of shape (C,)."""

    names: tuple[str, ...]
    estimate: Floats
    standard_error: Floats
    prediction: Floats
    n: Floats
    degrees: Floats
    scale: Floats
    p_value: Floats
    possible: tuple[float, float] = (-np.inf, np.inf)
    successes: Floats | None = None

    @classmethod
    def of(cls, evidence: xr.Dataset) -> "Columns":
        """Read an evidence Dataset, in memory or lazily from a store; columns may have been left out."""
        column = {name: np.full(evidence.sizes["component"], unsaid) for name, unsaid in UNSAID.items()}
        column |= {
            name: np.asarray(evidence[name].values, dtype=float)
            for name in ("estimate", "standard_error", *UNSAID)
            if name in evidence
        }
        lowest, highest = evidence.attrs.get("possible", (-np.inf, np.inf))
        names = tuple(str(name) for name in evidence["component"].values)
        if "successes" in evidence:
            column["successes"] = np.asarray(evidence["successes"].values, dtype=float)
        return cls(names=names, possible=(float(lowest), float(highest)), **column)

    @property
    def measured(self) -> np.ndarray:
        """Which components have a finite estimate and a finite standard error."""
        return np.isfinite(self.estimate) & np.isfinite(self.standard_error)

    def half_widths(self, level: float) -> Floats:
        """Half-widths of intervals that jointly cover with this level; infinite where not measured."""
        count = max(1, len(self.names))
        critical = np.array([critical_value(level, degrees, count) for degrees in self.degrees])
        return np.where(self.measured, critical * np.where(self.measured, self.standard_error, 0.0), np.inf)

    def limits(self, half: Floats, level: float) -> tuple[Floats, Floats]:
        """Return the ends of the intervals: exact for counts, else estimate ± half, within what is possible;
        the whole line where a component was not measured."""
        centre = np.where(self.measured, self.estimate, 0.0)
        lowest = np.where(self.measured, self.possible[0], -np.inf)
        highest = np.where(self.measured, self.possible[1], np.inf)
        # An estimate that rounding put beyond the range stays inside its own interval.
        lower = np.maximum(centre - half, np.minimum(lowest, centre))
        upper = np.minimum(centre + half, np.maximum(highest, centre))
        if self.successes is not None:
            exact = share_limits(self.successes, self.n, level, max(1, len(self.names)))
            counted = self.measured & np.isfinite(self.successes)
            lower, upper = np.where(counted, exact[0], lower), np.where(counted, exact[1], upper)
        return lower, upper

    def z(self, deviation: Floats) -> Floats:
        """Deviations in standard errors; 0/0 is 0 and x/0 is infinite; NaN where not measured."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            z = np.where(deviation == 0, 0.0, deviation / self.standard_error)
        return np.where(self.measured, z, np.nan)

    def table(self, lower: Floats, upper: Floats, z: Floats) -> tuple[Component, ...]:
        """Return the components as lines of a table."""
        return tuple(
            Component(
                component=name,
                estimate=float(self.estimate[i]),
                interval=(float(lower[i]), float(upper[i])),
                prediction=float(self.prediction[i]),
                z=float(z[i]),
                p_value=float(self.p_value[i]),
                n=int(self.n[i]),
            )
            for i, name in enumerate(self.names)
        )


def nothing_measured(columns: Columns, level: float, prediction: float | None = None) -> Judgement:
    """Return the judgement of evidence in which no component was measured: undecided, and why."""
    count = len(columns.names)
    unknown = np.full(count, np.inf)
    reason = "no component was measured"
    if count:
        reason = f"every estimate failed or has no finite standard error ({count} of {count})"
    table = columns.table(-unknown, unknown, np.full(count, np.nan))
    return Judgement("undecided", np.nan, (-np.inf, np.inf), prediction, reason, level, 0, table)
