"""Settings of the family `limits`: the cubic of one path, and the approach to the Gaussian process."""

from typing import Annotated

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Positive, Section, Width, Widths

Seeds = Annotated[Count, Field(ge=12)]
"""Independent data sets; with fewer, Student's quantile at the study's level decides little."""


class Cubic(Section):
    """One path at temperature zero, whose order parameter is the root of a cubic."""

    examples: Count = Field(20, ge=3, description="Examples P.")
    features: Width = Field(40, description="Width N0 of the inputs, at least P.")
    widths: Widths = Field((5, 10, 20, 50, 200), description="Widths N.")
    seeds: Seeds = Field(12, description="Independent data sets.")

    @model_validator(mode="after")
    def _invertible(self) -> "Cubic":
        if self.features < self.examples:
            raise ValueError(
                f"features ({self.features}) must be at least as many as examples ({self.examples}): at "
                "temperature zero the kernel must be invertible"
            )
        return self


class Approach(Section):
    """The 1/N term of the order parameters and of the predictor, on chains of two states."""

    widths: Widths = Field(
        (1000, 3000, 10000, 30000, 100000), min_length=2, description="Widths N of all layers."
    )
    examples: Count = Field(100, ge=4, description="Sequences P that are learned.")
    tests: Count = Field(200, ge=10, description="Sequences that are predicted.")
    tokens: Count = Field(30, ge=2, description="Tokens T of a sequence.")
    features: Count = Field(200, ge=2, multiple_of=2, description="Features of a token.")
    temperature: Positive = Field(0.01, description="Temperature of the posterior.")
    seeds: Seeds = Field(16, description="Independent data sets, each with random heads of its own.")


class Limits(Section):
    """Where the theory is known in closed form: one path at temperature zero, and almost infinite widths."""

    cubic: Cubic = Cubic()
    approach: Approach = Approach()
