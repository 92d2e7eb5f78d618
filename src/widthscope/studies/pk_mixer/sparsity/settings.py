"""Settings of the family `sparsity`: how sparse the entries of Kronecker products are, drawn and trained."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Increasing, Positive, Section

Side = Annotated[int, Field(ge=2, le=64)]
Penalty = Annotated[float, Field(ge=0, le=1)]

IMAGES = {"digits": (1797, 1797), "cifar10": (50_000, 10_000)}
"""Images that there are to train on and to test on; the digits are one set for both."""

SIDES = {"digits": (8, 8), "cifar10": (32, 96)}
"""Rows and columns of the tables that images are, by data set."""


class Sparsity(Section):
    """Products of Gaussian factors, and linear mixings of images trained with an L2 penalty."""

    factor: Side = Field(16, description="Rows and columns of the Gaussian factors.")
    draws: Count = Field(500, ge=12, description="Draws of such products.")
    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images that are learned.")
    penalties: Increasing[Penalty] = Field(
        (0.0, 0.01, 0.03),
        description="Weights lambda of the penalty, lambda / 2 times the sum of all squares.",
    )
    seeds: Count = Field(24, ge=3, description="Independent splits of the images, weights and minibatches.")
    train: Count = Field(300, ge=20, description="Images trained on.")
    test: Count = Field(500, ge=20, description="Images tested on.")
    batch: Count = Field(100, ge=2, description="Images in a minibatch.")
    epochs: Count = Field(40, description="Passes over the images trained on.")
    rate: Positive = Field(5e-3, le=1, description="Learning rate of Adam.")

    @model_validator(mode="after")
    def _images_suffice(self) -> "Sparsity":
        there, tested = IMAGES[self.dataset]
        wanted = self.train + self.test
        if self.dataset == "digits" and wanted > there:
            raise ValueError(
                f"train and test ({wanted} together) must be at most the {there} images of {self.dataset}"
            )
        for name, count, most in (("train", self.train, there), ("test", self.test, tested)):
            if count > most:
                raise ValueError(f"{name} ({count}) must be at most the {most} images of {self.dataset}")
        if self.batch > self.train:
            raise ValueError(f"batch ({self.batch}) must be at most train ({self.train})")
        return self
