"""Settings of the family `onestep`: exponents of one learning step."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Positive, Section, Width, Widths

Seeds = Annotated[Count, Field(ge=12)]
"""Independent seeds; with fewer, Student's quantile at the study's level decides nothing."""


class Onestep(Section):
    """How far one learning step moves every layer and the output, over widths."""

    widths: Widths = Field(
        (64, 128, 256, 512, 1024),
        min_length=3,
        description="Widths M.",
    )
    base: Width = Field(64, description="Base width M0, at which all parameterisations are the same.")
    images: Count = Field(32, ge=2, le=1000, description="Images of the one batch.")
    learning_rate: Positive = Field(
        0.01, description="Learning rate at the base width; small, so that effects stay proportional to it."
    )
    coding_scale: Positive = Field(
        0.1, description="Scale of the initial readout at the base width, of predictive coding."
    )
    propagation_scale: Positive = Field(0.1, description="The same of target propagation.")
    sweeps: Count = Field(200, description="Sweeps of the iteration to the equilibrium, at most.")
    seeds: Seeds = Field(20, description="Independent seeds at each width.")
