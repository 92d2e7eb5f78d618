"""Settings of the family `coordinates`: coordinate checks over several steps."""

from typing import Annotated

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Positive, Section, Width, Widths

Seeds = Annotated[Count, Field(ge=2)]
"""Independent seeds; with fewer than 12, Student's quantile at the study's level decides nothing."""


class Coordinates(Section):
    """Coordinate checks over several steps."""

    widths: Widths = Field((64, 128, 256, 512), min_length=2, description="Widths M.")
    equilibrium_widths: Widths = Field(
        (64, 128, 256),
        min_length=2,
        description="Widths M of inference to the equilibrium, which costs some forty times a step: of those "
        "in `widths`.",
    )
    base: Width = Field(64, description="Base width, at which all parameterisations are one.")
    seeds: Seeds = Field(20, description="Independent seeds at each width.")
    judged: Count = Field(
        5,
        description="Steps after which predictive coding is judged. After 10 the slopes are lower by 0.03 "
        "to 0.05, at the same exponents.",
    )
    steps: Count = Field(10, description="Steps in all; of inference to the equilibrium, `judged` alone.")
    rate: Positive = Field(0.25, description="Learning rate of predictive coding at the base width.")
    control_rate: Positive = Field(0.02, description="The same of its wrong parameterisations.")
    target_rate: Positive = Field(0.1, description="Learning rate of target propagation at the base width.")
    target_control_rate: Positive = Field(0.01, description="The same of its wrong parameterisation.")
    sweeps: Count = Field(200, description="Sweeps of the inference to the equilibrium, at most.")
    tolerance: Positive = Field(
        5e-5, description="Relative residual at which it stops; above 1e-4 a member counts as not measured."
    )

    @model_validator(mode="after")
    def _fits(self) -> "Coordinates":
        missing = [width for width in self.equilibrium_widths if width not in self.widths]
        if missing:
            raise ValueError(f"equilibrium width {missing[0]} is none of the widths {list(self.widths)}")
        if self.judged > self.steps:
            raise ValueError(f"judged after {self.judged} steps, of {self.steps} in all")
        return self
