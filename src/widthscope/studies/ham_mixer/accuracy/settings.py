"""Settings of the family `accuracy`: what symmetric couplings cost in image recognition."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Level, Section

IMAGES = {"digits": 1797, "cifar10": 60000}
"""Images of each data set; templates are generated, as many as `datasets.templates.samples` says."""

SIDES = {"digits": 8, "templates": 8, "cifar10": 32}
COLOURS = {"digits": 1, "templates": 1, "cifar10": 3}

CLASSES = 10
"""Of every data set: scores that a network gives an image."""

DataSet = Literal["digits", "templates", "cifar10"]


class Training(Section):
    """Sizes of the networks and of their training."""

    dataset: DataSet = Field("digits", description="Images: 8 by 8 digits or templates, or CIFAR-10.")
    side: Count = Field(
        8, description="Pixels along each side of the network's input; smaller images are interpolated."
    )
    patch: Count = Field(2, description="Pixels along each side of a patch, which becomes a token.")
    channels: Count = Field(32, description="Channels C of a token.")
    token_hidden: Count = Field(32, description="Hidden units Hs that mix tokens; twice as many in one arm.")
    channel_hidden: Count = Field(64, description="Hidden units Hc that mix channels; twice as many in one.")
    blocks: Count = Field(4, description="Blocks L.")
    activation: Literal["gelu", "relu"] = Field("gelu", description="Activation of the hidden units.")
    train: Count = Field(700, description="Images trained on, another choice for each seed.")
    test: Count = Field(1000, description="Images on which the accuracy is measured; none is trained on.")
    noise: Annotated[float, Field(ge=0)] = Field(
        0.0, description="Deviation of noise added to all images, in deviations of their pixels."
    )
    epochs: Count = Field(30, description="Passes over the training images.")
    batch: Count = Field(100, description="Images of a step.")
    rate: Annotated[float, Field(gt=0, le=1)] = Field(1e-2, description="Largest learning rate of AdamW.")
    warm_up: Level = Field(0.1, description="Share of the steps in which the rate rises; then it falls.")
    weight_decay: Annotated[float, Field(ge=0, le=1)] = Field(0.05, description="Weight decay of AdamW.")
    seeds: Count = Field(12, ge=3, description="Seeds of split, initial weights and order of batches.")

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        pixels = SIDES[self.dataset]
        if self.dataset in IMAGES and self.train + self.test > IMAGES[self.dataset]:
            raise ValueError(
                f"{self.train} training and {self.test} test images are more than the {IMAGES[self.dataset]} "
                f"of {self.dataset}"
            )
        if self.batch > self.train:
            raise ValueError(f"a batch of {self.batch} images needs as many to train on, not {self.train}")
        if self.side % self.patch:
            raise ValueError(f"patches of side {self.patch} do not tile images of side {self.side}")
        if self.side < pixels:
            raise ValueError(
                f"side {self.side} is below the {pixels} pixels that images of {self.dataset} have"
            )
        return self


class Templates(Training):
    """A short training on generated images."""

    dataset: Literal["templates"] = Field("templates", description="Generated images, and no others.")
    train: Count = Field(300, description="Images trained on, another choice for each seed.")
    blocks: Count = Field(2, description="Blocks L.")
    epochs: Count = Field(10, description="Passes over the training images.")
    batch: Count = Field(50, description="Images of a step.")
    seeds: Count = Field(9, ge=3, description="Seeds of split, initial weights and order of batches.")


class Accuracy(Section):
    """Accuracy of mixers with free, symmetric and anti-symmetric couplings."""

    main: Training = Training()
    permutations: Count = Field(
        20, ge=2, description="Permutations of hidden units that show what alignments chance gives."
    )
    templates: Templates = Templates()
