"""The rules that judge evidence. Each is a few numbers fixed beforehand, and says its criterion in words.

Every rule returns *supported* only where all components were measured and their joint intervals agree with
the claim, *refuted* as soon as one measured component's interval disagrees, and *undecided* otherwise; see
the package's docstring.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import xarray as xr

from widthscope.statistics import bands
from widthscope.statistics.exact_match import MatchesExact
from widthscope.statistics.judgement import Columns, Judgement
from widthscope.statistics.same_law import SameLaw

__all__ = ["Above", "Below", "Equals", "MatchesExact", "Reported", "Rule", "SameLaw"]


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
        bands.require_positive("Equals.margin", self.margin)

    @property
    def limit(self) -> float:
        """The margin."""
        return self.margin

    @property
    def criterion(self) -> str:
        """When the rule says supported and when refuted."""
        inside = f"within {self.margin:g} of the prediction"
        return f"supported if every interval lies {inside}, refuted if one is wholly outside"

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
        standard_errors: half-width of the intervals in standard errors, in place of the level's critical
            value.
    """

    threshold: float
    standard_errors: float | None = None

    def __post_init__(self) -> None:
        bands.require_positive("Above.standard_errors", self.standard_errors)

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
        standard_errors: half-width of the intervals in standard errors, in place of the level's critical
            value.
    """

    threshold: float
    standard_errors: float | None = None

    def __post_init__(self) -> None:
        bands.require_positive("Below.standard_errors", self.standard_errors)

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


def _one_sided(side: str, other: str, threshold: float, standard_errors: float | None) -> str:
    width = f" of ±{standard_errors:g} standard errors" if standard_errors else ""
    return f"supported if every interval{width} lies {side} {threshold:g}, refuted if one lies {other} it"
