"""The rule for exact predictions: nothing may deviate beyond chance, and the data must resolve it."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from widthscope.statistics import bands
from widthscope.statistics.judgement import Columns, Judgement, Outcome, nothing_measured
from widthscope.statistics.pooling import pooled_deviation
from widthscope.statistics.quantiles import critical_value


@dataclass(frozen=True)
class MatchesExact:
    """Every component equals its own exact prediction up to chance, and the data could have seen otherwise.

    A prediction that claims to be exact is refuted by any deviation beyond chance, however small. Absence of
    one supports it only with resolution: the pooled relative deviation must be known to within the margin,
    and must not itself lie beyond chance from zero. Components that deviate only together leave the claim
    undecided: the error that refutation may make is spent on them one by one.

    Attributes:
        margin: resolution required of the pooled relative deviation, as a fraction of `scale` (default
            |prediction|); > 0.
        independent: whether the components' errors are independent (different draws). If not, the pooled
            error is bounded by that of perfectly correlated components.
    """

    margin: float
    independent: bool = True

    def __post_init__(self) -> None:
        bands.require_positive("MatchesExact.margin", self.margin)

    @property
    def limit(self) -> float:
        """The margin."""
        return self.margin

    @property
    def criterion(self) -> str:
        """When the rule says supported and when refuted."""
        return (
            "refuted if any component deviates from its exact value beyond chance; supported if none does, "
            f"nor all pooled, and the pooled relative deviation is known to lie within ±{self.margin:g}"
        )

    def judge(self, evidence: xr.Dataset, level: float) -> Judgement:
        """Refuted iff a |z| reaches its simultaneous critical value; else supported iff well resolved."""
        columns = Columns.of(evidence)
        scale = np.where(np.isnan(columns.scale), np.abs(columns.prediction), columns.scale)
        judged = columns.measured & np.isfinite(columns.prediction)
        if not judged.any():
            return nothing_measured(columns, level, prediction=0.0)
        deviation = columns.estimate - columns.prediction
        # A deterministic value has no chance error to compare with: it agrees if it lies within the margin.
        agrees = (columns.standard_error == 0) & (np.abs(deviation) <= self.margin * scale)
        z = np.where(judged, columns.z(np.where(agrees, 0.0, deviation)), np.nan)
        count = len(columns.names)
        critical = np.array([critical_value(level, degrees, count) for degrees in columns.degrees])
        beyond = judged & (np.abs(z) >= critical)
        pooled = judged & (scale > 0)
        value, error, degrees = pooled_deviation(
            deviation[pooled] / scale[pooled],
            columns.standard_error[pooled] / scale[pooled],
            columns.degrees[pooled],
            self.independent,
        )
        half = critical_value(level, degrees) * error
        hint = bands.more_draws(half, self.margin - abs(value), degrees, level)
        verdict, reason = self._decide(columns, z, beyond, pooled, value, half, hint)
        table = columns.table(*columns.limits(columns.half_widths(level), level), z)
        draws = columns.n[judged]
        n = int(draws.sum() if self.independent else draws.max())
        if (
            not pooled.any()
        ):  # nothing is relative to anything: the component that deviates most speaks for itself
            worst = table[int(np.nanargmax(np.abs(z)))]
            own = (worst.estimate, worst.interval, worst.prediction)
            return Judgement(verdict, *own, reason, level, worst.n, table)
        return Judgement(verdict, value, (value - half, value + half), 0.0, reason, level, n, table)

    def _decide(
        self,
        columns: Columns,
        z: np.ndarray,
        beyond: np.ndarray,
        pooled: np.ndarray,
        value: float,
        half: float,
        hint: str,
    ) -> tuple[Outcome, str]:
        count = len(columns.names)
        largest = int(np.nanargmax(np.abs(z)))
        where = f"{columns.names[largest]}, of {count}"
        extreme = f"the largest deviation is {z[largest]:+.2f} standard errors ({where})"
        if beyond.any():
            return "refuted", f"{int(beyond.sum())} of {count} deviate beyond chance; {extreme}"
        if not pooled.all():
            missing = [name for name, is_pooled in zip(columns.names, pooled, strict=True) if not is_pooled]
            return "undecided", (
                f"{len(missing)} of {count} have no estimate, standard error, prediction or scale "
                f"(first: {missing[0]})"
            )
        bound = (
            f"pooled relative deviation is {value:+.2g} ± {half:.2g}, which must lie within ±{self.margin:g}"
        )
        if abs(value) > half > 0:
            return "undecided", (
                "no single component deviates beyond chance, but together they do, "
                f"by {value:+.2g} ± {half:.2g}; {extreme}"
            )
        if abs(value) + half <= self.margin:
            return "supported", f"none of {count} deviates beyond chance; {extreme}; the {bound}"
        return "undecided", f"too coarse to tell: the {bound}{hint}; {extreme}"
