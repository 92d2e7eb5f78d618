"""Settings of the family `costs`: what one step of each method multiplies and keeps, over the depth."""

from typing import Annotated, Literal

from pydantic import Field

from widthscope.settings_types import Distinct, Increasing, Section

Depth = Annotated[int, Field(ge=2, le=128)]
"""Weight matrices L. Of one layer nothing is back-propagated, and both methods cost the same."""


class Costs(Section):
    """Matrix products and memory of one step of a multilayer perceptron, by method, activation and depth."""

    depths: Increasing[Depth] = Field(
        (2, 3, 4, 6, 8, 12, 16), min_length=3, description="Numbers of weight matrices L."
    )
    width: int = Field(512, ge=2, le=2**13, description="Inputs, and units of each hidden layer, M.")
    batch: int = Field(128, ge=2, le=2**14, description="Examples of the step, B.")
    activations: Distinct[Literal["relu", "tanh"]] = Field(("relu", "tanh"), description="Activations.")
