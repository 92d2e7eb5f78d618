"""The rule for equal laws: no test may tell them apart, and the data must exclude a large distance."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from widthscope.statistics import bands
from widthscope.statistics.judgement import Columns, Judgement, Outcome, nothing_measured
from widthscope.statistics.multiplicity import holm


@dataclass(frozen=True)
class SameLaw:
    """Two laws are equal, judged by Kolmogorov-Smirnov distances of several functionals (`law_evidence`).

    Refutation spends the test's own share of the family-wise error; `alpha`, which is larger, is the p-value
    below which equality is no longer called supported. Between them the rule is undecided.

    Attributes:
        margin: KS distance that the data must be able to exclude; in (0, 1].
        alpha: smallest Holm-adjusted p-value that still supports equality.
    """

    margin: float
    alpha: float = 0.01

    def __post_init__(self) -> None:
        bands.require_positive("SameLaw.margin", self.margin)
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
            f"supported if the smallest Holm p-value exceeds {self.alpha:g} and every KS distance is known "
            f"to be below {self.margin:g}; refuted if that p-value is within this test's share of the error"
        )

    def judge(self, evidence: xr.Dataset, level: float) -> Judgement:
        """Refuted iff min Holm p <= 1 - level; supported iff it exceeds alpha and no DKW bound the margin."""
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
                f"too few draws to tell: distances up to {bound:.2g} remain possible, "
                f"allowed {self.margin:g}; {found}",
            )
        return "supported", f"{found}; no distance can exceed {bound:.2g}, allowed {self.margin:g}"
