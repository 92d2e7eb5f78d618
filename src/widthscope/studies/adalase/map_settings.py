"""Settings that convolutional networks trained with policies share."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from widthscope.datasets.image_sizes import IMAGE_SIZES, check_parts
from widthscope.settings_types import Count, Section
from widthscope.studies.adalase.ratio_settings import Least, RatioRate

FEWEST_IMAGES = 20
FEWEST_SEEDS = 3
MOST_RATE = 10.0

Images = Annotated[int, Field(ge=FEWEST_IMAGES, le=50_000)]
Rate = Annotated[float, Field(gt=0, le=MOST_RATE)]
Seeds = Annotated[int, Field(ge=FEWEST_SEEDS, le=1000)]
Momentum = Annotated[float, Field(gt=0, lt=1)]
Decay = Annotated[float, Field(ge=0, le=1)]
Steps = Annotated[int, Field(ge=4, le=10**6)]
Channels = Annotated[int, Field(ge=2, le=2**11)]


class Convolutions(Section):
    """Networks on images, and how they and their ratios learn."""

    dataset: Literal["digits", "cifar10", "cifar100"] = Field("digits", description="Images.")
    network: Literal["cnn", "resnet-18", "wrn-16-4", "wrn-28-10"] = Field(
        "cnn",
        description="Plain blocks of convolution, batch normalisation and ReLU, or a residual network.",
    )
    channels: Annotated[tuple[Channels, ...], Field(min_length=1, max_length=8)] = Field(
        (16, 32, 32), description="Channels of a plain network's blocks, all but the last of which pool."
    )
    train: Images = Field(100, description="Images that a network is trained on.")
    test: Images = Field(1000, description="Images that it is tested on.")
    batch: Count = Field(32, ge=2, description="Images in a minibatch.")
    steps: Steps = Field(150, description="Updates.")
    validation: Count = Field(32, ge=2, description="Images of the pseudo-validation batch.")
    rate: Rate = Field(0.05, description="Learning rate of SGD at its start, of a cosine.")
    momentum: Momentum = Field(0.9, description="Nesterov's momentum.")
    weight_decay: Decay = Field(5e-4, description="Weight decay.")
    ratio_rate: RatioRate = Field(0.1, description="Step of the ratio update, eta.")
    least: Least = Field(0.1, description="Sum of the smallest ratios that the positions may have, delta.")
    seeds: Seeds = Field(12, description="Independent seeds, each with a split of its own.")

    @property
    def described(self) -> dict[str, Any]:
        """Fields of the network, as `map_policies.network_of` reads them."""
        sizes = IMAGE_SIZES[self.dataset]
        colours, classes = sizes.colours, sizes.classes
        if self.network == "cnn":
            return {"kind": "cnn", "channels": list(self.channels), "inputs": colours, "classes": classes}
        ends = {"channels": colours, "classes": classes}
        if self.network == "resnet-18":
            return {"kind": "resnet", "blocks": [2, 2, 2, 2], "width": 64, **ends}
        depth, widening = (int(part) for part in self.network.split("-")[1:])
        return {"kind": "wide", "depth": depth, "widening": widening, **ends}

    @model_validator(mode="after")
    def _images_suffice(self) -> "Convolutions":
        for name, count in (("batch", self.batch), ("validation", self.validation)):
            if count > self.train:
                raise ValueError(f"{name} {count} needs as many images to train on, not {self.train}")
        check_parts(self.dataset, self.train, self.test)
        return self

    @model_validator(mode="after")
    def _blocks_fit(self) -> "Convolutions":
        side = IMAGE_SIZES[self.dataset].side
        if self.network == "cnn" and side % 2 ** (len(self.channels) - 1):
            raise ValueError(
                f"{len(self.channels)} blocks halve a side of {side} {len(self.channels) - 1} times, which "
                "leaves no whole number"
            )
        if self.network != "cnn" and side < 32:
            raise ValueError(f"{self.network} needs images with sides of 32, and {self.dataset} have {side}")
        return self
