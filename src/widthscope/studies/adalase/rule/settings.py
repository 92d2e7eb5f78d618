"""Settings of the family `rule`: one step's hypergradient, and simulations of the ratios alone."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Distinct, Increasing, Positive, Section

Operation = Literal["cutout", "mixup", "noise"]
"""An operation on flat features whose gradient is compared."""


class Rule(Section):
    """The ratio update as a hypergradient, its mean field and its drift."""

    seeds: Count = Field(12, ge=3, description="Networks, each with its batches, of the hypergradient.")
    width: Count = Field(16, ge=2, le=512, description="Units of each of their two hidden layers.")
    batch: Count = Field(16, ge=2, description="Examples of the training and of the validation batch.")
    weight_rate: Positive = Field(0.1, le=10, description="Learning rate of the weight step.")
    operations: Distinct[Operation] = Field(
        ("cutout", "mixup", "noise"), description="Operations at the three positions, one at a time."
    )
    alignments: Distinct[Annotated[float, Field(gt=0, le=10)]] = Field(
        (0.2, 0.5, 1.0), min_length=2, description="Frozen alignment G of each position."
    )
    ratio_rate: Positive = Field(
        0.01, le=0.05, description="Rate of the ratios in coarse steps; fine steps have a tenth of it."
    )
    coarse_steps: Count = Field(
        500, ge=10, description="Coarse steps; there are ten times as many fine ones."
    )
    coarse_runs: Count = Field(20_000, ge=8, description="Independent runs in coarse steps.")
    fine_runs: Count = Field(8000, ge=8, description="Independent runs in fine steps.")
    weighted_runs: Count = Field(
        2000, ge=8, description="Runs, coarse and fine, with increments divided by the ratio: the control."
    )
    neutral_positions: Increasing[Annotated[int, Field(ge=2, le=64)]] = Field(
        (2, 3), description="Positions that are all the same."
    )
    neutral_strengths: Increasing[Annotated[float, Field(gt=0, le=1)]] = Field(
        (0.05, 0.1), description="Rate times alignment of equal positions."
    )
    neutral_steps: Count = Field(200, ge=10, description="Steps of neutral drift.")
    neutral_runs: Count = Field(20_000, ge=16, description="Independent runs of neutral drift.")

    @model_validator(mode="after")
    def _one_position_is_best(self) -> "Rule":
        ordered = sorted(self.alignments)
        moved = self.ratio_rate * self.coarse_steps * (ordered[-1] - ordered[-2])
        if moved > 20:
            raise ValueError(
                f"coarse_steps {self.coarse_steps} at ratio_rate {self.ratio_rate:g} favour the best "
                f"position by exp({moved:.0f}) over the next: at most exp(20), or nothing is left to compare"
            )
        return self
