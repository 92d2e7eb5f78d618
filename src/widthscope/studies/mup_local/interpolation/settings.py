"""Settings of the family `interpolation`: between the first-order and the Gauss-Newton gradient."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Increasing, Positive, Section, Width, Widths

Seeds = Annotated[Count, Field(ge=12)]
"""Independent seeds; with fewer, Student's quantile at the study's level decides nothing."""


class Interpolation(Section):
    """Directions of the first layer's gradient in linear networks with an anisotropic readout."""

    widths: Widths = Field((32, 128, 512, 2048), min_length=3, description="Widths M.")
    kappas: Increasing[Positive] = Field(
        (1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1000.0),
        description="Strengths kappa of the correction, gamma_L = kappa M/M0.",
    )
    smallest_scale: float = Field(
        0.1, gt=0, lt=1, description="Scale of the last output's row of the readout; the first one's is 1."
    )
    energy: Positive = Field(10.0, description="gamma_L where it is kept at every width.")
    base: Width = Field(8, le=8, description="Base width M0.")
    images: Count = Field(50, ge=2, le=1000, description="Images of the one batch.")
    seeds: Seeds = Field(20, description="Independent seeds at each width.")
