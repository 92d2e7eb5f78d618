"""Settings of the family `flooding`: pairs of steps on both sides of the flooding level."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.datasets.image_sizes import IMAGE_SIZES, trainable_images
from widthscope.settings_types import Count, Increasing, Section
from widthscope.studies.gradient_regularization.settings_types import Loss
from widthscope.studies.gradient_regularization.training_cost import (
    DESCENT_COPIES,
    DESCENT_PASSES,
    check_member,
)

Rate = Annotated[float, Field(gt=0, le=10)]


class Flooding(Section):
    """Full-batch gradient descent of a tanh network under flooding, in float64."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images: 8 by 8 digits, or CIFAR-10.")
    train: Count = Field(200, ge=2, description="Images trained on, all in every step.")
    layers: int = Field(3, ge=2, le=64, description="Weight matrices L.")
    width: int = Field(64, ge=2, le=2**12, description="Units of each hidden layer.")
    level: Loss = Field(0.05, description="Level b of the cross-entropy, in nats.")
    rates: Increasing[Rate] = Field(
        (0.05, 0.2), min_length=2, description="Learning rates, without momentum."
    )
    steps: Count = Field(600, ge=3, description="Steps.")
    pairs: Count = Field(
        40, ge=2, description="Pairs of consecutive steps that are compared, evenly spaced in the last third."
    )
    seeds: Count = Field(8, ge=3, le=1000, description="Independent seeds, each with images of its own.")

    @model_validator(mode="after")
    def _images_suffice(self) -> "Flooding":
        if self.train >= trainable_images(self.dataset):
            raise ValueError(
                f"{self.train} images to train on must be fewer than those of {self.dataset}, "
                f"{trainable_images(self.dataset)}: some are left to test on"
            )
        return self

    @model_validator(mode="after")
    def _pairs_fit(self) -> "Flooding":
        if 3 * self.pairs > self.steps:
            raise ValueError(
                f"{self.pairs} pairs start at different steps of the last third, of {self.steps} steps: "
                f"at most {self.steps // 3}"
            )
        return self

    @model_validator(mode="after")
    def _network_fits_a_machine(self) -> "Flooding":
        shape = {"layers": self.layers, "width": self.width}
        network = {
            **shape,
            "inputs": IMAGE_SIZES[self.dataset].pixels,
            "classes": IMAGE_SIZES[self.dataset].classes,
        }
        check_member(network, DESCENT_COPIES, DESCENT_PASSES * self.train, number_bytes=8)
        return self
