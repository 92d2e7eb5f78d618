"""Settings of the family `denoise`: a memory of two hidden layers that is trained to remove noise."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Section
from widthscope.studies.ham_mixer.training_settings import check_parts

PartOfOne = Annotated[float, Field(gt=0, le=1)]

PIXELS = {"digits": 64, "cifar10": 1024}
"""Of an image in shades of grey."""


class Denoise(Section):
    """A memory that is trained to denoise."""

    dataset: Literal["digits", "cifar10"] = Field(
        "digits", description="Images, scaled to unit norm: 8 by 8 digits, or CIFAR-10 in shades of grey."
    )
    hidden: Count = Field(100, description="Units of each of the two hidden layers.")
    scale: PartOfOne = Field(
        0.1, description="Size of the initial couplings, those of Xavier being 1: small ones leave images be."
    )
    noise: PartOfOne = Field(0.1, description="Deviation of the noise on each pixel of an image of norm 1.")
    updates: Count = Field(10, description="Updates of the state that training runs through.")
    longer: Count = Field(30, description="Updates in all, along which energies are looked at.")
    step: PartOfOne = Field(0.1, description="Size e of an update x <- (1 - e) x + e U(LN x).")
    train: Count = Field(1000, description="Images trained on.")
    test: Count = Field(400, description="Images that errors and energies are measured on.")
    batch: Count = Field(100, description="Images of a minibatch.")
    epochs: Count = Field(10, description="Times that every image is seen, with new noise each time.")
    rate: PartOfOne = Field(4e-3, description="Learning rate of Adam.")
    seeds: Count = Field(8, ge=3, description="Seeds of split, noise and initial weights.")

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        check_parts(self.dataset, self.train, self.test)
        if self.batch > self.train:
            raise ValueError(f"batch {self.batch} must be at most train, {self.train}")
        if self.longer < self.updates:
            raise ValueError(f"longer {self.longer} must be at least updates, {self.updates}")
        return self
