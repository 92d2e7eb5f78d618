"""The rules that judge evidence. Each is a few numbers fixed beforehand, and says its criterion in words.

Every rule returns *supported* only where all components were measured and their joint intervals agree with
the claim, *refuted* as soon as one measured component's interval disagrees, and *undecided* otherwise; see
the package's docstring.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

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
class _OneSided:
    """What `Above` and `Below` share: a threshold, and on which side of it every component must lie."""

    threshold: float
    standard_errors: float | None = None

    _side: ClassVar[str]
    _other: ClassVar[str]

    def __post_init__(self) -> None:
        bands.require_positive(f"{type(self).__name__}.standard_errors", self.standard_errors)

    @property
    def limit(self) -> float:
        """The threshold."""
        return self.threshold

    @property
    def criterion(self) -> str:
        """When the rule says supported and when refuted."""
        width = f" of ±{self.standard_errors:g} standard errors" if self.standard_errors else ""
        return (
            f"supported if every interval{width} lies {self._side} {self.threshold:g}, "
            f"refuted if one lies {self._other} it"
        )

    def judge(self, evidence: xr.Dataset, level: float) -> Judgement:
        """Supported iff all intervals lie on the right side; refuted iff one lies on the other."""
        columns = Columns.of(evidence)
        edge, end = (np.full(len(columns.names), value) for value in (self.threshold, np.inf))
        low, high = (edge, end) if self._side == "above" else (-end, edge)
        said = f"{self._side} {self.threshold:g}"
        return bands.judge(columns, low, high, level, said, self.standard_errors)


@dataclass(frozen=True)
class Above(_OneSided):
    """Every component is larger than a threshold.

    Attributes:
        threshold: in the estimate's unit.
        standard_errors: half-width of the intervals in standard errors, in place of the level's critical
            value.
    """

    _side: ClassVar[str] = "above"
    _other: ClassVar[str] = "below"


@dataclass(frozen=True)
class Below(_OneSided):
    """Every component is smaller than a threshold.

    Attributes:
        threshold: in the estimate's unit.
        standard_errors: half-width of the intervals in standard errors, in place of the level's critical
            value.
    """

    _side: ClassVar[str] = "below"
    _other: ClassVar[str] = "above"


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
        lower, upper = columns.limits(columns.half_widths(level), level)
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
