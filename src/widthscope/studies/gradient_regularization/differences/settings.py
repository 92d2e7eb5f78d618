"""Settings of the family `differences`: small networks on Gaussian inputs with random labels."""

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Section

MOST_NUMBERS = 10**8
"""Weights, 12 times, and activations, 8 times, of one seed: eight seeds of them in float64 are 13 GB."""

MOST_PRODUCTS = 10**12
"""Of one pass over all seeds: a day of one core in all."""


class Differences(Section):
    """Finite differences of the gradient on small networks, in float64."""

    inputs: Count = Field(20, le=4096, description="Numbers of an input.")
    width: Count = Field(64, le=4096, description="Units of each hidden layer.")
    layers: Count = Field(4, ge=2, le=64, description="Weight matrices L.")
    classes: Count = Field(10, ge=2, le=1000, description="Classes.")
    examples: Count = Field(128, le=10**5, description="Examples of the batch on which gradients are taken.")
    seeds: Count = Field(24, ge=3, description="Draws of weights and of the batch.")

    @property
    def weights(self) -> int:
        """Of one network."""
        return self.width * (self.inputs + (self.layers - 2) * self.width + self.classes)

    @property
    def numbers(self) -> int:
        """That one seed keeps: weights, gradients and differences, and what a pass leaves."""
        return 12 * self.weights + 8 * self.layers * self.examples * self.width

    @model_validator(mode="after")
    def _one_job_suffices(self) -> "Differences":
        if self.numbers > MOST_NUMBERS:
            raise ValueError(
                f"{self.weights:.1e} weights and {self.examples} examples make {self.numbers:.1e} numbers of "
                f"each seed, more than {MOST_NUMBERS:.1e}"
            )
        products = self.seeds * self.examples * self.weights
        if products > MOST_PRODUCTS:
            raise ValueError(
                f"{self.seeds} seeds of {self.examples} examples and {self.weights:.1e} weights are "
                f"{products:.1e} products a pass, more than {MOST_PRODUCTS:.1e}"
            )
        return self
