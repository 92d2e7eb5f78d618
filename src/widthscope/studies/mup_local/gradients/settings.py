"""Settings of the family `gradients`: gradients of predictive coding and back-propagation."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Increasing, Positive, Section, Width, Widths

Seeds = Annotated[Count, Field(ge=12)]
"""Independent seeds; with fewer, Student's quantile at the study's level decides nothing."""

Depth = Annotated[int, Field(ge=2, le=16)]
"""A number of weight layers."""


class Gradients(Section):
    """Gradients of predictive coding beside those of back-propagation, at the same weights."""

    linear_widths: Widths = Field(
        (32, 64, 128, 256, 512, 1024), min_length=3, description="Widths M of linear networks."
    )
    depths: Increasing[Depth] = Field((2, 3, 4), description="Weight layers L of linear networks.")
    widths: Widths = Field(
        (32, 64, 128, 256, 512), min_length=3, description="Widths M of networks with tanh and three layers."
    )
    trained_widths: Widths = Field(
        (32, 64, 128, 256, 512, 1024),
        min_length=3,
        description="Widths M of the linear networks that are trained.",
    )
    base: Width = Field(2, le=8, description="Base width; above 8, narrow networks are far from their limit.")
    trained_base: Width = Field(8, le=8, description="Base width of the networks that are trained.")
    images: Count = Field(50, ge=2, le=1000, description="Images of the one batch.")
    sweeps: Count = Field(1000, description="Sweeps of the iteration to the equilibrium, at most.")
    steps: Count = Field(100, description="Steps of gradient descent of the networks that are trained.")
    learning_rate: Positive = Field(0.005, description="Their learning rate at the base width.")
    larger_rate: Positive = Field(0.02, description="A second one, whose slopes are reported beside.")
    seeds: Seeds = Field(16, description="Independent seeds at each width.")
