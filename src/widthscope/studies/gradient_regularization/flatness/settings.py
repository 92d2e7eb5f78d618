"""Settings of the family `flatness`: gradient norm and Hessian trace at one training loss."""

from typing import Literal

from pydantic import Field, model_validator

from widthscope.datasets.image_sizes import IMAGE_SIZES, trainable_images
from widthscope.settings_types import Count, Section
from widthscope.settings_types import Width as Units
from widthscope.studies.gradient_regularization.settings_types import Ascents, Loss
from widthscope.studies.gradient_regularization.training_cost import (
    DESCENT_COPIES,
    DESCENT_PASSES,
    check_member,
)


class Flatness(Section):
    """Full-batch gradient descent from the same weights to the same loss, with and without the penalty."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images: 8 by 8 digits, or CIFAR-10.")
    train: Count = Field(200, ge=2, description="Images trained on, all in every update.")
    layers: int = Field(3, ge=2, le=64, description="Weight matrices L.")
    width: Units = Field(64, le=2**11, description="Units of each hidden layer.")
    rate: float = Field(0.05, gt=0, le=10, description="Learning rate, without momentum or schedule.")
    slower: float = Field(
        0.5, gt=0, lt=1, description="Of plain descent at a lower rate: its rate, as a share of the others'."
    )
    strength: float = Field(0.3, gt=0, le=100, description="Strength of the penalty.")
    ascents: Ascents = Field((0.05, 0.3), min_length=2, description="Ascent steps of the forward difference.")
    loss: Loss = Field(0.05, description="Training cross-entropy at which networks are compared.")
    steps: Count = Field(1500, description="Most updates; a network that needs more has no value.")
    alike: Count = Field(
        100, description="Updates after which, as a control, networks are compared whatever their loss."
    )
    seeds: int = Field(10, ge=3, le=1000, description="Independent seeds, each with images of its own.")

    @model_validator(mode="after")
    def _images_suffice(self) -> "Flatness":
        most = trainable_images(self.dataset) - (1 if self.dataset == "digits" else 0)
        if self.train > most:
            raise ValueError(f"{self.train} images to train on are more than {self.dataset} allows, {most}")
        return self

    @model_validator(mode="after")
    def _updates_suffice(self) -> "Flatness":
        if self.alike > self.steps:
            raise ValueError(
                f"networks cannot be compared after {self.alike} updates where there are {self.steps}"
            )
        return self

    @model_validator(mode="after")
    def _network_fits_a_machine(self) -> "Flatness":
        shape = {"layers": self.layers, "width": self.width}
        network = {
            **shape,
            "inputs": IMAGE_SIZES[self.dataset].pixels,
            "classes": IMAGE_SIZES[self.dataset].classes,
        }
        check_member(network, DESCENT_COPIES, DESCENT_PASSES * self.train)
        return self
