"""Settings of the family `targets`: target propagation: features, kernel regime and feedback."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Positive, Section, Width, Widths

Seeds = Annotated[Count, Field(ge=2)]
"""Independent seeds; with fewer than 12, Student's quantile at the study's level decides nothing."""


class Targets(Section):
    """Target propagation: features, kernel regime and feedback, by steps of the hidden layers alone."""

    widths: Widths = Field((64, 128, 256, 512, 1024), min_length=2, description="Widths M.")
    trained_widths: Widths = Field(
        (64, 128, 256), min_length=2, description="Widths M with learned feedback, of more steps."
    )
    base: Width = Field(64, description="Base width, at which all parameterisations are one.")
    seeds: Seeds = Field(24, description="Independent seeds at each width.")
    rate: Positive = Field(0.1, description="Learning rate at the base width.")
    steps: Count = Field(10, description="Steps where it is not one, of drawn and of learned feedback.")
    feedback_rate: Positive = Field(
        0.05, description="Learning rate of the feedback maps at the base width, where they learn."
    )
    pretraining: Count = Field(
        60, description="Steps of the feedback maps before the weights start to learn."
    )
    tied: Positive = Field(
        3.0, description="Of feedback tied to the readout: its entries over those of the readout at the base."
    )
    ridge_widths: Widths = Field(
        (64, 128, 256, 512, 1024),
        min_length=2,
        description="Widths M of feedback that is fitted in closed form.",
    )
    ridge: Positive = Field(1e-3, description="Ridge of that fit.")
