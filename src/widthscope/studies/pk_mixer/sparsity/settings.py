"""Settings of the family `sparsity`: how sparse the entries of Kronecker products are, drawn and trained."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.datasets.image_sizes import check_batch, check_parts
from widthscope.settings_types import Count, Increasing, Positive, Section

Side = Annotated[int, Field(ge=2, le=64)]
Penalty = Annotated[float, Field(ge=0, le=1)]

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
        check_parts(self.dataset, self.train, self.test)
        check_batch(self.batch, self.train)
        return self
