"""Settings of the family `costs`: what one step of each method multiplies and keeps, over the depth."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.settings_types import Distinct, Increasing, Section

Depth = Annotated[int, Field(ge=2, le=128)]
"""Weight matrices L. Of one layer nothing is back-propagated, and both methods cost the same."""

MOST_NUMBERS = 2**28
"""Weights and activations of the deepest network: double backpropagation keeps about 16 of each, 17 GB."""


class Costs(Section):
    """Matrix products and memory of one step of a multilayer perceptron, by method, activation and depth."""

    depths: Increasing[Depth] = Field(
        (2, 3, 4, 6, 8, 12, 16), min_length=3, description="Numbers of weight matrices L."
    )
    width: int = Field(512, ge=2, le=2**13, description="Inputs, and units of each hidden layer, M.")
    batch: int = Field(128, ge=2, le=2**14, description="Examples of the step, B.")
    activations: Distinct[Literal["relu", "tanh"]] = Field(("relu", "tanh"), description="Activations.")

    @model_validator(mode="after")
    def _matrices_fit_a_machine(self) -> "Costs":
        numbers = self.depths[-1] * self.width * (self.width + self.batch)
        if numbers > MOST_NUMBERS:
            raise ValueError(
                f"depth {self.depths[-1]} times width {self.width} times the sum of width and batch, "
                f"{self.width + self.batch}, are {numbers:.1e} numbers, and at most {MOST_NUMBERS:.1e} fit"
            )
        return self
