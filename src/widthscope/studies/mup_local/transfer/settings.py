"""Settings of the family `transfer`: transfer of learning rates over widths."""

from typing import Annotated

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Positive, Section, Width, Widths
from widthscope.width_sweeps.rate_lists import Added, Rates, refuse_repeated

Seeds = Annotated[Count, Field(ge=2)]
"""Independent seeds; with fewer than 12, Student's quantile at the study's level decides nothing."""

MORE = "Added to these: each is trained in jobs of its own, one for every width, and redoes no other."


class Transfer(Section):
    """Transfer of learning rates over widths, on grids whose steps are roots of two."""

    widths: Widths = Field((64, 128, 256, 512), min_length=2, description="Widths M.")
    base: Width = Field(64, description="Base width, at which all parameterisations are one.")
    seeds: Seeds = Field(
        12, description="Independent seeds at each width, each with its own weights and order of minibatches."
    )
    judged: Count = Field(
        10,
        description="Steps after which rates of predictive coding are compared. After 30 the best rate lies "
        "beside divergence in some networks.",
    )
    steps: Count = Field(
        30,
        ge=2,
        description="Steps of a training, after which rates of target propagation are compared, and losses "
        "and accuracies of predictive coding.",
    )
    rates: Rates = Field(
        (0.25, 0.354, 0.5, 0.707, 1.0, 1.414),
        description="Learning rates of predictive coding at the base width.",
    )
    rates_added: Added = Field((), description=MORE)
    control_rates: Rates = Field(
        (0.03125, 0.0442, 0.0625, 0.0884, 0.125, 0.177, 0.25, 0.354, 0.5, 0.707, 1.0, 1.414),
        description="The same in the standard parameterisation, where the optimum moves.",
    )
    control_rates_added: Added = Field((), description=MORE)
    target_rates: Rates = Field(
        (0.125, 0.177, 0.25, 0.354, 0.5),
        description="Learning rates of target propagation at the base width.",
    )
    target_rates_added: Added = Field((), description=MORE)
    target_control_rates: Rates = Field(
        (0.03125, 0.0442, 0.0625, 0.0884, 0.125, 0.177, 0.25, 0.354),
        description="The same in the standard parameterisation.",
    )
    target_control_rates_added: Added = Field((), description=MORE)
    feedback_rate: Positive = Field(0.02, description="Learning rate of the feedback maps at the base width.")
    pretraining: Count = Field(
        30, description="Steps of the feedback maps before the weights start to learn."
    )

    @model_validator(mode="after")
    def _fits(self) -> "Transfer":
        refuse_repeated(self)
        if self.judged > self.steps:
            raise ValueError(f"judged after {self.judged} steps, of {self.steps} in all")
        return self
