"""Settings of the family `damping`: how the useful damping moves with the width."""

from typing import Literal

from pydantic import Field

from widthscope.settings_types import Count, Increasing, Positive, Section, Width


class Damping(Section):
    """Digits learnt by K-FAC at a small learning rate, at many dampings of one of the two factors."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images.")
    train: Count = Field(1000, ge=10, description="Images trained on.")
    widths: Increasing[Width] = Field((64, 128, 256), min_length=2, description="Widths M.")
    base: Width = Field(64, description="Base width M0, at which all parameterisations are one.")
    seeds: Count = Field(16, ge=3, description="Independent seeds at each width.")
    rival_seeds: Count = Field(8, ge=3, description="Seeds of the arms that the claims are told from.")
    batch: Count = Field(64, description="Images in a minibatch.")
    steps: Count = Field(30, description="Updates.")
    rate: Positive = Field(2.0**-5, description="Learning rate eta'.")
    sigma_readout: Positive = Field(0.1, description="Scale sigma_L of the initial readout.")
    other: Positive = Field(0.1, description="Damping of the other factor, relative to its trace.")
    outputs: Increasing[Positive] = Field(
        tuple(2.0**power for power in (-21, -19, -17, -15, -13, -11, -9, -7, -5, -1, 2)),
        min_length=4,
        description="Dampings rho_B of the signals' factor, the same at all widths.",
    )
    inputs: Increasing[Positive] = Field(
        tuple(2.0**power for power in (-6, -4, -2, 0, 2, 4, 6, 8, 10, 14)),
        min_length=4,
        description="Dampings rho_A of the inputs' factor, the same at all widths.",
    )
