"""Settings of the family `damping`: how the useful damping moves with the width."""

from typing import Literal

from pydantic import Field

from widthscope.settings_types import Count, Increasing, Positive, Section, Width


class Damping(Section):
    """Digits learnt by K-FAC at a small learning rate, at many dampings of one of the two factors."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images.")
    train: Count = Field(1000, ge=10, description="Images trained on.")
    widths: Increasing[Width] = Field((64, 128, 256), min_length=2, description="Widths M.")
    base: Width = Field(64, description="Base width M0, whose dampings are listed.")
    seeds: Count = Field(16, ge=3, description="Independent seeds at each width.")
    batch: Count = Field(64, description="Images in a minibatch.")
    steps: Count = Field(30, description="Updates.")
    rate: Positive = Field(2.0**-5, description="Learning rate eta'.")
    sigma_readout: Positive = Field(0.1, description="Scale sigma_L of the initial readout.")
    other: Positive = Field(0.1, description="Damping of the other factor, relative to its trace.")
    outputs: Increasing[Positive] = Field(
        (2.0**-19, 2.0**-17, 2.0**-15, 2.0**-13, 2.0**-11, 2.0**-9, 2.0**-7, 2.0**-1, 2.0**2),
        min_length=4,
        description="Dampings rho'_B of the signals' factor.",
    )
    inputs: Increasing[Positive] = Field(
        (2.0**-6, 2.0**-4, 2.0**-2, 2.0**0, 2.0**2, 2.0**4, 2.0**6, 2.0**10, 2.0**12),
        min_length=4,
        description="Dampings rho'_A of the inputs' factor.",
    )
