"""Settings of the family `coordinates`: how far features and outputs move in a few steps."""

from typing import Literal

from pydantic import Field

from widthscope.settings_types import Count, Positive, Section, Width, Widths


class Rates(Section):
    """Learning rates of the base width, one for each rule and all its parameterisations."""

    sgd: Positive = Field(2.0**-5, description="Of gradient descent.")
    kfac: Positive = Field(2.0**-3, description="Of K-FAC.")
    foof: Positive = Field(2.0**-5, description="Of FOOF, K-FAC's input factor alone.")
    shampoo: Positive = Field(2.0**-6, description="Of Shampoo.")


class Dampings(Section):
    """Dampings of the base width."""

    kfac: Positive = Field(0.1, description="rho' of K-FAC and FOOF; of each factor's trace, or absolute.")
    shampoo: Positive = Field(1e-2, description="Of Shampoo, in units of the largest eigenvalue.")


class Coordinates(Section):
    """Networks of three layers after a few steps, against where they began."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images: 8 by 8 digits, or CIFAR-10.")
    widths: Widths = Field((64, 128, 256, 512), min_length=3, description="Widths M.")
    base: Width = Field(64, description="Base width M0, at which all parameterisations are one.")
    seeds: Count = Field(16, ge=3, description="Independent seeds of the initial weights at each width.")
    steps: Count = Field(10, description="Steps of training.")
    batch: Count = Field(64, ge=2, description="Images N in a minibatch.")
    train: Count = Field(1000, description="Images trained on.")
    sigma_readout: Positive = Field(
        0.1,
        description="Scale sigma_L of the initial readout at the base width. With 1 the initial outputs are "
        "as large as the targets and residuals shrink with the width.",
    )
    rates: Rates = Rates()
    dampings: Dampings = Dampings()
