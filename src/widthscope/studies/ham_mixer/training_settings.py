"""Image data sets of the study, and the settings of trainings on them that its families share."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Level, Section

IMAGES = {"digits": 1797, "cifar10": 60000}
"""Images of each data set; templates are generated, as many as `datasets.templates.samples` says."""

KEPT_FOR_TESTS = {"cifar10": 10000}
"""Of these, the images that the data set itself keeps for tests: none of them is trained on."""

SIDES = {"digits": 8, "templates": 8, "cifar10": 32}
COLOURS = {"digits": 1, "templates": 1, "cifar10": 3}

CLASSES = 10
"""Of every data set: scores that a network gives an image."""

DataSet = Literal["digits", "templates", "cifar10"]


def check_parts(dataset: str, train: int, test: int) -> None:
    """Refuse parts that a data set has too few images for.

    Args:
        dataset: name of the data set; one without a fixed number of images is let through.
        train, test: images of the two parts.

    Raises:
        ValueError: if there are too few.
    """
    if dataset not in IMAGES:
        return
    held, kept = IMAGES[dataset], KEPT_FOR_TESTS.get(dataset)
    asked = f"{train} training and {test} test images are more than the"
    if kept is None and train + test > held:
        raise ValueError(f"{asked} {held} of {dataset}")
    if kept is not None and (train > held - kept or test > kept):
        raise ValueError(f"{asked} {held - kept} and {kept} of {dataset}")


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
        check_parts(self.dataset, self.train, self.test)
        pixels = SIDES[self.dataset]
        if self.batch > self.train:
            raise ValueError(
                f"batch is {self.batch} and train is {self.train}: a step's images are of those trained on, "
                "so that batch must be at most train"
            )
        if self.side % self.patch:
            raise ValueError(f"patches of side {self.patch} do not tile images of side {self.side}")
        if self.side < pixels:
            raise ValueError(
                f"side {self.side} is below the {pixels} pixels that images of {self.dataset} have"
            )
        return self
