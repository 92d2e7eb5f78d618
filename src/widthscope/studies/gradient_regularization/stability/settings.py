"""Settings of the family `stability`: strong penalties, and clean labels."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.datasets.image_sizes import IMAGE_SIZES, trainable_images
from widthscope.settings_types import Count, Section
from widthscope.settings_types import Width as Units
from widthscope.studies.gradient_regularization.settings_types import Ascents
from widthscope.studies.gradient_regularization.training_cost import (
    COPIES,
    check_member,
    images_left,
)

Strength = Annotated[float, Field(gt=0, le=100)]
Rate = Annotated[float, Field(gt=0, le=10)]
Seeds = Annotated[int, Field(ge=3, le=1000)]


class Setup(Section):
    """Arms trained alike: SGD, double backpropagation, and both differences at every ascent."""

    train: Count = Field(300, description="Images trained on; all others are tested on.")
    rate: Rate = Field(0.05, description="Learning rate of the first update.")
    strength: Strength = Field(1.0, description="Strength of the penalty.")
    ascents: Ascents = Field((0.1, 0.5, 1.0), description="Ascent steps of the differences.")
    seeds: Seeds = Field(20, description="Independent seeds, each with a split of its own.")


class Clean(Setup):
    """A mild penalty on few images."""

    train: Count = Field(100, description="Images trained on; all others are tested on.")
    rate: Rate = Field(0.1, description="Learning rate of the first update.")
    strength: Strength = Field(0.1, description="Strength of the penalty.")
    ascents: Ascents = Field((0.2, 0.5), description="Ascent steps of the differences.")
    seeds: Seeds = Field(12, description="Independent seeds, each with a split of its own.")


class Stability(Section):
    """Images with their true labels: which trainings fail, and what a mild penalty does to the accuracy."""

    dataset: Literal["digits", "cifar10", "cifar100"] = Field("digits", description="Images.")
    kind: Literal["perceptron", "resnet-18", "wide-resnet"] = Field(
        "perceptron", description="Perceptron, or residual network, which sees images of CIFAR alone; ReLU."
    )
    layers: int = Field(
        3, ge=2, le=64, description="Weight matrices L of a perceptron; depth of a wide residual network."
    )
    width: Units = Field(
        64,
        le=2**12,
        description="Units of each hidden layer; of a residual network the channels of the first stage.",
    )
    batch: Count = Field(32, description="Images in a minibatch.")
    steps: Count = Field(600, description="Updates, by SGD with momentum 0.9.")
    weight_decay: float = Field(0.0, ge=0, le=1, description="Weight decay, outside of what is penalised.")
    failed_below: float = Field(
        0.5, gt=0, lt=1, description="Test accuracy below which a training counts as failed."
    )
    strong: Setup = Setup()
    clean: Clean = Clean()

    @model_validator(mode="after")
    def _network_fits(self) -> "Stability":
        if self.kind != "perceptron" and self.dataset == "digits":
            raise ValueError(f"a {self.kind} needs images of cifar10 or cifar100, not the digits")
        if self.kind == "wide-resnet" and (self.layers < 10 or (self.layers - 4) % 6 or self.width % 16):
            raise ValueError(
                f"a wide residual network has 10, 16, 22, 28, ... layers and a multiple of 16 channels, not "
                f"{self.layers} and {self.width}"
            )
        return self

    @model_validator(mode="after")
    def _network_fits_a_machine(self) -> "Stability":
        shape = {"kind": self.kind, "layers": self.layers, "width": self.width}
        network = {
            **shape,
            "inputs": IMAGE_SIZES[self.dataset].pixels,
            "classes": IMAGE_SIZES[self.dataset].classes,
        }
        check_member(network, COPIES, images_left(self.batch))
        return self

    @model_validator(mode="after")
    def _failing_is_no_better_than_guessing(self) -> "Stability":
        # A network that says one class always is right as often as that class is there: of the digits on
        # slightly more than a tenth of the images.
        least = 2 / IMAGE_SIZES[self.dataset].classes
        if self.failed_below < least:
            raise ValueError(
                f"failed_below {self.failed_below:g} must be at least {least:g} with {self.dataset}, twice "
                "the accuracy of guessing: or trainings that learn nothing would not count as failed"
            )
        return self

    @model_validator(mode="after")
    def _images_suffice(self) -> "Stability":
        for name, setup in (("strong", self.strong), ("clean", self.clean)):
            most = trainable_images(self.dataset) - (1 if self.dataset == "digits" else 0)
            if not self.batch <= setup.train <= most:
                raise ValueError(
                    f"{name}: {setup.train} images to train on must be at least a batch, {self.batch}, and "
                    f"at most {most} of {self.dataset}, so that some are left to test on"
                )
        return self
