"""Settings of the family `similarity`: which networks have the features of a mixer."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from widthscope.datasets.image_sizes import check_batch, check_parts
from widthscope.settings_types import Count, Positive, Section


class Similarity(Section):
    """Hidden features of mixers beside those of sparse and dense networks, and spectra of their weights."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images: 8 by 8 digits, or CIFAR-10.")
    side: Annotated[int, Field(ge=4, le=64)] = Field(
        16, description="Tokens S = channels C; the width is their product, the matching density 1/S."
    )
    factor: Annotated[int, Field(ge=2, le=64)] = Field(
        4, description="Sparse networks of so many times the matching density, and of so many times less."
    )
    blocks: Annotated[int, Field(ge=1, le=16)] = Field(2, description="Blocks L of two mixing layers.")
    train: Count = Field(1000, ge=20, description="Images that a network is trained on.")
    test: Count = Field(
        600, ge=50, description="Images on which features are compared; of a few, all features are alike."
    )
    batch: Count = Field(100, description="Images in a minibatch.")
    epochs: Count = Field(20, description="Passes over the images trained on.")
    rate: Positive = Field(
        3e-3, le=1, description="Learning rate of Adam, at its peak between warm-up and cosine."
    )
    seeds: Count = Field(7, ge=3, description="Independent seeds, each with a split of its own.")

    @model_validator(mode="after")
    def _there_are_images(self) -> Self:
        check_parts(self.dataset, self.train, self.test)
        check_batch(self.batch, self.train)
        return self

    @model_validator(mode="after")
    def _densities_are_below_one(self) -> Self:
        if self.factor >= self.side:
            raise ValueError(
                f"factor {self.factor} times the matching density 1/{self.side} must be less than 1, the "
                "density of the dense network"
            )
        return self
