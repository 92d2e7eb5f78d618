"""The rules that judge evidence. Each is a few numbers fixed beforehand, and says its criterion in words.

Every rule returns *supported* only where all components were measured and their joint intervals agree with the claim,
*refuted* as soon as one measured component's interval disagrees, and *undecided* otherwise; see the package's docstring.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import xarray as xr

from widthscope.statistics import bands
from widthscope.statistics.judgement import Columns, Judgement, Outcome, nothing_measured
from widthscope.statistics.multiplicity import holm
from widthscope.statistics.pooling import pooled_deviation
from widthscope.statistics.quantiles import critical_value


class Rule(Protocol):
    """What every rule offers."""

    @property
    def criterion(self) -> str:
        """When the rule says supported and when refuted, in one sentence."""

    @property
    def limit(self) -> float | None:
        """The margin, or for one-sided rules the threshold, that was fixed beforehand."""

    def judge(self, evidence: xr.Dataset, level: float) -> Judgement:
        """Judge evidence (see `widthscope.statistics.evidence`) at a joint two-sided level."""


@dataclass(frozen=True)
class Equals:
    """Equivalence (two one-sided tests): every component equals its prediction to within a margin.

    Attributes:
        margin: largest deviation that counts as agreement, in the estimate's unit; > 0.
    """

    margin: float

    def __post_init__(self) -> None:
        _positive("Equals.margin", self.margin)

    @property
    def limit(self) -> float:
        """The margin."""
        return self.margin

    @property
    def criterion(self) -> str:
        """When the rule says supported and when refuted."""
        return f"supported if the interval lies within {self.margin:g} of the prediction, refuted if wholly outside"

    def judge(self, evidence: xr.Dataset, level: float) -> Judgement:
        """Supported iff all intervals lie inside prediction ± margin; refuted iff one is disjoint from it."""
        columns = Columns.of(evidence)
        low, high = columns.prediction - self.margin, columns.prediction + self.margin
        return bands.judge(columns, low, high, level, f"within {self.margin:g} of the prediction")


@dataclass(frozen=True)
class Above:
    """Every component is larger than a threshold.

    Attributes:
        threshold: in the estimate's unit.
        standard_errors: half-width of the intervals in standard errors, in place of the level's critical value.
    """

    threshold: float
    standard_errors: float | None = None

    def __post_init__(self) -> None:
        _positive("Above.standard_errors", self.standard_errors)

    @property
    def limit(self) -> float:
        """The threshold."""
        return self.threshold

    @property
    def criterion(self) -> str:
        """When the rule says supported and when refuted."""
        return _one_sided("above", "below", self.threshold, self.standard_errors)

    def judge(self, evidence: xr.Dataset, level: float) -> Judgement:
        """Supported iff all intervals lie above the threshold; refuted iff one lies below it."""
        columns = Columns.of(evidence)
        low, high = np.full(len(columns.names), self.threshold), np.full(len(columns.names), np.inf)
        return bands.judge(columns, low, high, level, f"above {self.threshold:g}", self.standard_errors)


@dataclass(frozen=True)
class Below:
    """Every component is smaller than a threshold.

    Attributes:
        threshold: in the estimate's unit.
        standard_errors: half-width of the intervals in standard errors, in place of the level's critical value.
    """

    threshold: float
    standard_errors: float | None = None

    def __post_init__(self) -> None:
        _positive("Below.standard_errors", self.standard_errors)

    @property
    def limit(self) -> float:
        """The threshold."""
        return self.threshold

    @property
    def criterion(self) -> str:
        """When the rule says supported and when refuted."""
        return _one_sided("below", "above", self.threshold, self.standard_errors)

    def judge(self, evidence: xr.Dataset, level: float) -> Judgement:
        """Supported iff all intervals lie below the threshold; refuted iff one lies above it."""
        columns = Columns.of(evidence)
        low, high = np.full(len(columns.names), -np.inf), np.full(len(columns.names), self.threshold)
        return bands.judge(columns, low, high, level, f"below {self.threshold:g}", self.standard_errors)


@dataclass(frozen=True)
class MatchesExact:
    """Every component equals its own exact prediction up to chance, and the data could have seen otherwise.

    A prediction that claims to be exact is refuted by any deviation beyond chance, however small. Absence of one supports
    it only with resolution: the pooled relative deviation must be known to within the margin.

    Attributes:
        margin: resolution required of the pooled relative deviation, as a fraction of `scale` (default |prediction|); > 0.
        independent: whether the components' errors are independent (different draws). If not, the pooled error is bounded
            by that of perfectly correlated components.
    """

    margin: float
    independent: bool = True

    def __post_init__(self) -> None:
        _positive("MatchesExact.margin", self.margin)

    @property
    def limit(self) -> float:
        """The margin."""
        return self.margin

    @property
    def criterion(self) -> str:
        """When the rule says supported and when refuted."""
        return (
            "refuted if any component deviates from its exact value beyond chance; supported if none does and "
            f"the pooled relative deviation is known to lie within ±{self.margin:g}"
        )

    def judge(self, evidence: xr.Dataset, level: float) -> Judgement:
        """Refuted iff any |z| reaches its simultaneous critical value; supported iff none does and resolution suffices."""
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
        verdict, reason = self._decide(columns, z, beyond, pooled, value, half)
        table = columns.table(*bands.limits(columns, columns.half_widths(level)), z)
        draws = columns.n[judged]
        n = int(draws.sum() if self.independent else draws.max())
        return Judgement(verdict, value, (value - half, value + half), 0.0, reason, level, n, table)

    def _decide(
        self,
        columns: Columns,
        z: np.ndarray,
        beyond: np.ndarray,
        pooled: np.ndarray,
        value: float,
        half: float,
    ) -> tuple[Outcome, str]:
        count = len(columns.names)
        largest = int(np.nanargmax(np.abs(z)))
        extreme = f"the largest deviation is {z[largest]:+.2f} standard errors ({columns.names[largest]}, of {count})"
        if beyond.any():
            return "refuted", f"{int(beyond.sum())} of {count} deviate beyond chance; {extreme}"
        if not pooled.all():
            missing = [name for name, is_pooled in zip(columns.names, pooled, strict=True) if not is_pooled]
            return "undecided", (
                f"{len(missing)} of {count} have no estimate, standard error, prediction or scale (first: {missing[0]})"
            )
        bound = f"pooled relative deviation is known to ±{half:.2g}, its interval must lie within ±{self.margin:g}"
        if abs(value) + half <= self.margin:
            return "supported", f"none of {count} deviates beyond chance; {extreme}; the {bound}"
        if abs(value) - half > self.margin:
            return "undecided", (
                f"no single component deviates beyond chance, but together they do, by {value:+.2g} ± {half:.2g}; {extreme}"
            )
        hint = bands.more_draws(half, self.margin - abs(value))
        return "undecided", f"too coarse to tell: the {bound}{hint}; {extreme}"


@dataclass(frozen=True)
class SameLaw:
    """Two laws are equal, judged by Kolmogorov-Smirnov distances of several functionals (`law_evidence`).

    Refutation spends the test's own share of the family-wise error; `alpha`, which is larger, is the p-value below which equality
    is no longer called supported. Between them the rule is undecided.

    Attributes:
        margin: KS distance that the data must be able to exclude; in (0, 1].
        alpha: smallest Holm-adjusted p-value that still supports equality.
    """

    margin: float
    alpha: float = 0.01

    def __post_init__(self) -> None:
        _positive("SameLaw.margin", self.margin)
        if not 0 < self.alpha < 1:
            raise ValueError(f"SameLaw.alpha is {self.alpha}, allowed: 0 < alpha < 1")

    @property
    def limit(self) -> float:
        """The margin."""
        return self.margin

    @property
    def criterion(self) -> str:
        """When the rule says supported and when refuted."""
        return (
            f"supported if the smallest Holm p-value exceeds {self.alpha:g} and every KS distance is known to be below "
            f"{self.margin:g}; refuted if that p-value is below the test's share of the family-wise error"
        )

    def judge(self, evidence: xr.Dataset, level: float) -> Judgement:
        """Refuted iff min Holm p <= 1 - level; supported iff it exceeds alpha and all DKW upper bounds are <= margin."""
        columns = Columns.of(evidence)
        with np.errstate(divide="ignore"):
            by_size = np.sqrt(2.0 / columns.n)  # two samples of n each, where no scale is given
        scale = np.where(columns.standard_error > 0, columns.standard_error, by_size)
        usable = np.isfinite(columns.estimate) & np.isfinite(columns.p_value) & np.isfinite(scale)
        count = len(columns.names)
        if not usable.any():
            return nothing_measured(columns, level, prediction=0.0)
        width = np.sqrt(np.log(4 * count / (1 - level)))
        half = np.where(usable, width * np.where(usable, scale, 0.0), np.inf)
        lower = np.where(usable, np.maximum(0.0, columns.estimate - half), 0.0)
        upper = np.where(usable, np.minimum(1.0, columns.estimate + half), 1.0)
        adjusted = holm(np.where(usable, columns.p_value, np.nan))
        smallest = float(np.nanmin(adjusted))
        headline = int(np.nanargmax(np.where(usable, columns.estimate, np.nan)))
        verdict, reason = self._decide(smallest, float(upper.max()), int((~usable).sum()), count, level)
        return Judgement(
            verdict,
            float(columns.estimate[headline]),
            (float(lower[headline]), float(upper[headline])),
            0.0,
            reason,
            level,
            int(columns.n[headline]),
            columns.table(lower, upper, np.full(count, np.nan)),
        )

    def _decide(
        self, smallest: float, bound: float, missing: int, count: int, level: float
    ) -> tuple[Outcome, str]:
        found = f"smallest Holm p-value {smallest:.2g} over {count}"
        if smallest <= 1 - level:
            return "refuted", f"the laws differ: {found}, at most {1 - level:.2g}"
        if missing:
            return "undecided", f"{missing} of {count} comparisons failed; {found}"
        if smallest <= self.alpha:
            return "undecided", f"{found} is between {1 - level:.2g} (refuted) and {self.alpha:g} (supported)"
        if bound > self.margin:
            return (
                "undecided",
                f"too few draws to tell: distances up to {bound:.2g} remain possible, allowed {self.margin:g}; {found}",
            )
        return "supported", f"{found}; no distance can exceed {bound:.2g}, allowed {self.margin:g}"


@dataclass(frozen=True)
class Reported:
    """A number that is shown with its intervals and not judged."""

    @property
    def limit(self) -> None:
        """Nothing: there is no margin."""
        return None

    @property
    def criterion(self) -> str:
        """When the rule says supported and when refuted."""
        return "shown, not judged"

    def judge(self, evidence: xr.Dataset, level: float) -> Judgement:
        """Return the first component as headline, with the verdict `reported`."""
        columns = Columns.of(evidence)
        if not columns.names:
            return Judgement(
                "reported", np.nan, (-np.inf, np.inf), None, "no component was measured", level, 0
            )
        lower, upper = bands.limits(columns, columns.half_widths(level))
        predicted = float(columns.prediction[0])
        return Judgement(
            "reported",
            float(columns.estimate[0]),
            (float(lower[0]), float(upper[0])),
            predicted if np.isfinite(predicted) else None,
            "shown, not judged",
            level,
            int(columns.n[0]),
            columns.table(lower, upper, columns.z(columns.estimate - columns.prediction)),
        )


def _positive(name: str, value: float | None) -> None:
    if value is not None and not 0 < value < np.inf:
        raise ValueError(f"{name} is {value}, allowed: a finite number above 0")


def _one_sided(side: str, other: str, threshold: float, standard_errors: float | None) -> str:
    width = f" of ±{standard_errors:g} standard errors" if standard_errors else ""
    return f"supported if every interval{width} lies {side} {threshold:g}, refuted if one lies {other} it"
