"""Settings of the family `digits`: training on images, and what is measured of the trained networks."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.settings_types import (
    Count,
    Distinct,
    Heads,
    Increasing,
    Positive,
    Probability,
    Section,
    Width,
)

Seeds = Annotated[int, Field(ge=0, le=10**6)]
"""Seeds of an arm that may be left out."""

NotNegative = Annotated[float, Field(ge=0)]
"""Strength of a penalty, 0 for none."""


class Run(Section):
    """How one model is trained."""

    seeds: Count = Field(12, ge=2, description="Seeds; all models count from the same first one.")
    rates: Distinct[Positive] = Field(
        (6e-3,),
        description="Largest learning rates of Adam. Of several, seeds of their own choose the best by "
        "accuracy on the validation images.",
    )


class Penalties(Section):
    """Penalties on the weights of the model with RMS norm; its own seeds without penalty are their pairs."""

    seeds: Count = Field(12, ge=2, description="Seeds of each penalty and strength.")
    spectral: Distinct[Positive] = Field(
        (1e-2, 1e-1),
        description="Strengths of the penalty on spectral norms; of several, seeds of their own choose as "
        "for learning rates.",
    )
    energy: Increasing[Positive] = Field(
        (1.0,), description="Strengths of the penalty on the energy condition of every head, each trained."
    )
    orthogonal: Increasing[NotNegative] = Field(
        (0.0, 1.0),
        min_length=2,
        description="The same with orthogonal values and outputs, which cannot shrink; the first strength is "
        "what the others are compared with.",
    )
    single: Seeds = Field(
        0, description="Seeds of the same of all heads together, at the largest strength; 0 leaves it out."
    )
    hard: Seeds = Field(0, description="Seeds of heads that meet the condition exactly; 0 leaves them out.")


class Measured(Section):
    """What is measured of the trained networks, and how much of it."""

    longest: Count = Field(4, ge=2, description="Most test-time iterations, in multiples of those trained.")
    exponent_images: Count = Field(
        4, description="Test images over which a network's exponents are averaged."
    )
    long_run: Count = Field(100, description="Iterations over which long-run exponents are averaged.")
    warm_up: Count = Field(100, description="Iterations of state, and then of state and tangent, before.")
    factors: Increasing[Positive] = Field(
        (0.25, 0.5, 2.0, 4.0),
        description="Factors by which scales of trained networks are changed.",
    )
    rescaled_images: Count = Field(
        64, description="Test images on which the accuracy of a changed network is measured."
    )
    rescaled_exponents: Count = Field(2, description="Test images over which its exponent is averaged.")


class Digits(Section):
    """Recurrent attention trained on patches of images."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images: 8 by 8 digits, or CIFAR-10.")
    patch: Count = Field(2, description="Side of a patch in pixels; patches are the tokens.")
    width: Width = Field(32, description="Width D of a token.")
    heads: Heads = Field(4, description="Number of heads, which must divide the width.")
    iterations: Count = Field(8, description="Iterations T of the recurrence in training.")
    batch: Count = Field(12, description="Images in a step.")
    steps: Count = Field(200, description="Updates by Adam.")
    warmup: Annotated[int, Field(ge=0, le=10**6)] = Field(
        60,
        description="Updates over which the learning rate rises linearly, at most `steps`. With 30, three of "
        "40 networks with RMS norm stay at chance; with 60 none does.",
    )
    floor: Probability = Field(0.05, description="Share of the learning rate at which its cosine ends.")
    clip: Positive = Field(1.0, description="Largest norm of one network's gradient.")
    validation: Count = Field(200, description="Images that choose learning rates and strengths.")
    test: Count = Field(300, description="Images that accuracies and exponents are measured on.")
    choosing: Count = Field(2, description="Seeds that choose between several rates or strengths.")
    rms: Run = Run(seeds=16)
    unit: Run = Run(seeds=16)
    none: Run = Run(rates=(3e-4, 1e-3, 3e-3))
    sym: Run = Run(seeds=16)
    akorn: Run = Run()
    penalties: Penalties = Penalties()
    measured: Measured = Measured()

    @model_validator(mode="after")
    def _sizes_fit(self) -> "Digits":
        side = 8 if self.dataset == "digits" else 32
        if self.width % self.heads or self.width % 4:
            raise ValueError(f"width {self.width} must be a multiple of the {self.heads} heads and of 4")
        if self.warmup > self.steps:
            raise ValueError(f"a warmup of {self.warmup} steps is longer than the {self.steps} steps in all")
        if side % self.patch:
            raise ValueError(f"a patch of {self.patch} does not divide the images' side of {side} pixels")
        if self.penalties.seeds > self.rms.seeds:
            raise ValueError(
                f"penalties have {self.penalties.seeds} seeds, but each is compared with one of the "
                f"{self.rms.seeds} of rms"
            )
        return self
