"""Settings of the family `digits`: machines trained on real images, and what they complete."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Increasing, Section

EXAMPLES = {"digits": 1797, "cifar10": 60000}
"""Images of each dataset."""

HELD_OUT = {"cifar10": 10000}
"""Those of them that a dataset keeps for tests, where it does; nothing else is reported on."""

PIXELS = {"digits": 64, "cifar10": 1024}
"""Of an image; colours are averaged."""

Rate = Annotated[float, Field(gt=0, le=2)]
"""A learning rate of gradient descent; above 2 the visible bias overshoots further with every update."""


class Digits(Section):
    """Images in three parts, drawn for each seed, centred and divided by their common deviation."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images.")
    train: Count = Field(1400, ge=2, description="Images trained on.")
    validation: Count = Field(150, ge=2, description="Images by which a learning rate is chosen.")
    test: Count = Field(247, ge=2, description="Images on which everything is reported.")
    seeds: Count = Field(8, ge=3, description="Independent seeds, of the parts and of the initial weights.")
    components: Count = Field(50, ge=2, description="Hidden units H of the attentional machine.")
    few_components: Count = Field(10, ge=2, description="Hidden units of the smaller attentional machine.")
    binary_units: Annotated[int, Field(ge=1, le=16)] = Field(
        8, description="Hidden units K of the Gaussian-Bernoulli machine, whose 2^K states are listed."
    )
    rates: Increasing[Rate] = Field(
        (0.01, 0.05, 0.2), min_length=2, description="Learning rates of gradient descent at scale 1."
    )
    rates_doubled: Increasing[Rate] = Field(
        (0.02, 0.1), min_length=2, description="Learning rates of gradient descent on images times 2."
    )
    batch: Count = Field(50, description="Images in a minibatch of gradient descent.")
    epochs: Count = Field(60, ge=2, description="Passes of gradient descent over the images.")
    adam_rate: Annotated[float, Field(gt=0, le=1)] = Field(
        0.05, description="Largest learning rate of Adam; it falls along a cosine."
    )
    adam_steps: Count = Field(1000, ge=2, description="Updates by Adam.")
    adam_batch: Count = Field(200, description="Images in a minibatch of Adam.")
    em_iterations: Count = Field(60, description="Steps of expectation maximisation, at most.")
    hidden_share: Annotated[float, Field(ge=0.1, le=0.95)] = Field(
        0.8, description="Probability that a pixel is hidden, to be completed."
    )

    @model_validator(mode="after")
    def _images_suffice(self) -> "Digits":
        needed, there = self.train + self.validation + self.test, EXAMPLES[self.dataset]
        if needed > there:
            raise ValueError(
                f"train, validation and test need {needed} images, and {self.dataset} has {there}"
            )
        kept = HELD_OUT.get(self.dataset)
        if kept is not None and self.test > kept:
            raise ValueError(f"test {self.test} exceeds the {kept} images that {self.dataset} has for tests")
        if kept is not None and self.train + self.validation > there - kept:
            raise ValueError(
                f"train and validation need {self.train + self.validation} images, and {self.dataset} has "
                f"{there - kept} besides those for tests"
            )
        for name, batch in (("batch", self.batch), ("adam_batch", self.adam_batch)):
            if batch > self.train:
                raise ValueError(f"{name} {batch} needs as many images to train on, not {self.train}")
        if max(self.components, self.few_components) > self.train:
            raise ValueError(
                f"{max(self.components, self.few_components)} components start on as many images, and "
                f"{self.train} are trained on"
            )
        return self
