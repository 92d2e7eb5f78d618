"""Settings of the family `differences`: small networks on Gaussian inputs with random labels."""

from pydantic import Field

from widthscope.settings_types import Count, Section


class Differences(Section):
    """Finite differences of the gradient on small networks, in float64."""

    inputs: Count = Field(20, le=4096, description="Numbers of an input.")
    width: Count = Field(64, le=4096, description="Units of each hidden layer.")
    layers: Count = Field(4, ge=2, le=64, description="Weight matrices L.")
    classes: Count = Field(10, ge=2, le=1000, description="Classes.")
    examples: Count = Field(128, le=10**5, description="Examples of the batch on which gradients are taken.")
    seeds: Count = Field(24, ge=3, description="Draws of weights and of the batch.")
