"""Settings of the family `transfer`: transfer of learning rates over widths."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Distinct, Positive, Section, Width, Widths

Seeds = Annotated[Count, Field(ge=2)]
"""Independent seeds; with fewer than 12, Student's quantile at the study's level decides nothing."""

Rates = Annotated[Distinct[Positive], Field(min_length=3)]
"""Learning rates at the base width; one that is added at the end is trained in a shard of its own."""


class Transfer(Section):
    """Transfer of learning rates over widths, on grids whose steps are roots of two."""

    widths: Widths = Field((32, 64, 128, 256), min_length=2, description="Widths M.")
    base: Width = Field(64, description="Base width, at which all parameterisations are one.")
    seeds: Seeds = Field(14, description="Independent seeds at each width.")
    steps: Count = Field(100, ge=2, description="Steps of a training.")
    rates: Rates = Field(
        (0.25, 0.354, 0.5, 0.707, 1.0, 1.414),
        description="Learning rates of predictive coding at the base width.",
    )
    control_rates: Rates = Field(
        (0.125, 0.177, 0.25, 0.354, 0.5, 0.707, 1.0),
        description="The same in the standard parameterisation, where the optimum moves.",
    )
    target_rates: Rates = Field(
        (0.0625, 0.088, 0.125, 0.177, 0.25, 0.354),
        description="Learning rates of target propagation at the base width.",
    )
    target_control_rates: Rates = Field(
        (0.031, 0.044, 0.0625, 0.088, 0.125, 0.177, 0.25, 0.354, 0.5),
        description="The same in the standard parameterisation.",
    )
    feedback_rate: Positive = Field(0.02, description="Learning rate of the feedback maps at the base width.")
    pretraining: Count = Field(
        30, description="Steps of the feedback maps before the weights start to learn."
    )
