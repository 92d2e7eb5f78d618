"""Settings of the family `label_noise`: gradient regularisation where some training labels are random."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.datasets.image_sizes import IMAGE_SIZES, check_batch, check_parts
from widthscope.settings_types import Count, Positive, Probability, Section
from widthscope.studies.gradient_regularization.settings_types import Ascents
from widthscope.studies.gradient_regularization.training_cost import (
    COPIES,
    check_member,
    images_left,
)

FEWEST_IMAGES = 50
"""Of both parts: five of each of the digits on average."""

MOST_SEEDS = 1000

Images = Annotated[int, Field(ge=FEWEST_IMAGES, le=60_000)]
Seeds = Annotated[int, Field(ge=3, le=MOST_SEEDS)]
Units = Annotated[int, Field(ge=2, le=2**12)]


class _Networks(Section):
    """Networks with one activation."""

    layers: int = Field(3, ge=2, le=64, description="Weight matrices L of a perceptron.")
    width: Units = Field(64, description="Units of each of its hidden layers.")
    seeds: Seeds = Field(32, description="Independent seeds of the arms that are judged.")
    curve_seeds: Seeds = Field(12, description="Of these, the seeds of all other arms, shown in the figure.")

    @model_validator(mode="after")
    def _curves_are_of_judged_seeds(self) -> "_Networks":
        if self.curve_seeds > self.seeds:
            raise ValueError(
                f"curve_seeds {self.curve_seeds} must be at most seeds, {self.seeds}: arms are "
                "compared by seed"
            )
        return self


class Relu(_Networks):
    """Networks with ReLU."""

    kind: Literal["perceptron", "resnet-18", "wide-resnet"] = Field(
        "perceptron", description="Perceptron, or residual network, which sees images of CIFAR alone."
    )
    layers: int = Field(
        3, ge=2, le=64, description="Weight matrices L of a perceptron; depth of a wide residual network."
    )
    width: Units = Field(
        64, description="Units of each hidden layer; of a residual network the channels of the first stage."
    )
    seeds: Seeds = Field(72, description="Independent seeds of the arms that are judged.")

    @model_validator(mode="after")
    def _depth_is_one_of_blocks(self) -> "Relu":
        if self.kind == "wide-resnet" and (self.layers < 10 or (self.layers - 4) % 6):
            raise ValueError(f"layers {self.layers} must be 10, 16, 22, 28, ... in a wide residual network")
        if self.kind == "wide-resnet" and self.width % 16:
            raise ValueError(f"width {self.width} must be a multiple of 16 in a wide residual network")
        return self


class Tanh(_Networks):
    """Perceptrons with tanh, whose loss has no kinks."""


class LabelNoise(Section):
    """SGD, double backpropagation, forward and backward differences, on labels of which a share is random."""

    dataset: Literal["digits", "cifar10", "cifar100"] = Field(
        "digits", description="Images: 8 by 8 digits, CIFAR-10 or CIFAR-100."
    )
    train: Images = Field(300, description="Images trained on, another choice for each seed.")
    test: Images = Field(1400, description="Images tested on, with their true labels.")
    random_labels: Probability = Field(
        0.3, description="Share of the training labels that are drawn uniformly from all classes."
    )
    batch: Count = Field(32, description="Images in a minibatch.")
    steps: Count = Field(600, description="Updates.")
    rate: Annotated[float, Field(gt=0, le=10)] = Field(
        0.05, description="Learning rate of the first update; it falls to 0 as a half cosine."
    )
    weight_decay: Annotated[float, Field(ge=0, le=1)] = Field(0.0, description="Weight decay.")
    strength: Positive = Field(0.3, le=100, description="Strength gamma of (gamma / 2) |g|^2.")
    ascents: Ascents = Field(
        (0.05, 0.3, 0.5),
        min_length=2,
        description="Lengths of the step along the gradient; the last is judged, with tanh the first too.",
    )
    relu: Relu = Relu()
    tanh: Tanh = Tanh()

    @model_validator(mode="after")
    def _images_suffice(self) -> "LabelNoise":
        check_batch(self.batch, self.train)
        check_parts(self.dataset, self.train, self.test)
        return self

    @model_validator(mode="after")
    def _images_fit_the_network(self) -> "LabelNoise":
        if self.relu.kind != "perceptron" and self.dataset == "digits":
            raise ValueError(f"a {self.relu.kind} needs images of cifar10 or cifar100, not the digits")
        return self

    @model_validator(mode="after")
    def _networks_fit_a_machine(self) -> "LabelNoise":
        shape = {"inputs": IMAGE_SIZES[self.dataset].pixels, "classes": IMAGE_SIZES[self.dataset].classes}
        for networks, kind in ((self.relu, self.relu.kind), (self.tanh, "perceptron")):
            network = {"kind": kind, "layers": networks.layers, "width": networks.width, **shape}
            check_member(network, COPIES, images_left(self.batch))
        return self
