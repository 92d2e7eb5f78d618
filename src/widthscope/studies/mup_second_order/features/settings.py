"""Settings of the family `features`: whether wider networks are better where a task needs features."""

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Positive, Section, Width, Widths


class Features(Section):
    """Networks trained by K-FAC on squares of projections on two hidden directions."""

    widths: Widths = Field(
        (64, 128, 256, 512), min_length=3, description="Widths M, of which the smallest is the base width."
    )
    base: Width = Field(64, description="Base width M0, at which both parameterisations are one.")
    seeds: Count = Field(16, ge=3, description="Independent seeds of the initial weights at each width.")
    frozen_seeds: Count = Field(6, ge=3, description="Of these, how many train the readout alone besides.")
    inputs: Count = Field(32, ge=2, description="Dimension D of the Gaussian inputs.")
    train: Count = Field(512, ge=2, description="Examples trained on.")
    test: Count = Field(1000, description="Examples tested on.")
    steps: Count = Field(150, description="Steps of training.")
    batch: Count = Field(32, ge=2, description="Examples N in a minibatch.")
    rate: Positive = Field(2.0**-4, description="Learning rate of the base width.")
    damping: Positive = Field(0.1, description="Damping rho' relative to the trace of each factor.")
    sigma_readout: Positive = Field(
        0.6, description="Scale sigma_L of the initial readout at the base width; a larger one is lazier."
    )

    @model_validator(mode="after")
    def _base_is_narrowest(self) -> "Features":
        if self.widths[0] != self.base:
            raise ValueError(
                f"the smallest width, {self.widths[0]}, must be the base width, {self.base}: there both "
                "parameterisations are one network, and slopes of losses leave it out"
            )
        return self
