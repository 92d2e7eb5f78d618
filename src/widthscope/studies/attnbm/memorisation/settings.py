"""Settings of the family `memorisation`: orthogonal patterns, and what training on them leaves."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Increasing, Section, Width

DIGITS = 1797
"""Images of the dataset."""

DIGIT_PIXELS = 64

Rate = Annotated[float, Field(gt=0, le=1)]
"""A learning rate; at 1 an update already goes as far as a pattern is long."""


class _Descent(Section):
    """Gradient descent in minibatches on orthogonal patterns."""

    pixels: Width = Field(64, description="Visible units N; each pattern has the squared norm N.")
    patterns: Count = Field(16, ge=2, description="Orthogonal patterns P.")
    rate: Rate = Field(0.02, description="Learning rate, held constant.")
    batch: Count = Field(4, description="Patterns in a minibatch.")

    @model_validator(mode="after")
    def _patterns_fit(self) -> "_Descent":
        if self.patterns > self.pixels:
            raise ValueError(
                f"{self.patterns} orthogonal patterns need as many pixels, and there are {self.pixels}"
            )
        if self.patterns % self.batch:
            raise ValueError(f"a batch of {self.batch} must divide the {self.patterns} patterns")
        return self


class HiddenUnits(_Descent):
    """More and more hidden units on the same number of patterns."""

    hidden: Increasing[Count] = Field(
        (16, 32, 72, 144, 288), min_length=2, description="Hidden units H; the smallest is the control's."
    )
    judged: Count = Field(72, description="Hidden units at which the plateau is judged, one of `hidden`.")
    epochs: Count = Field(1000, ge=8, description="Passes over the patterns.")
    seeds: Count = Field(24, ge=3, description="Independent seeds at each number of hidden units.")

    @model_validator(mode="after")
    def _judged_is_trained(self) -> "HiddenUnits":
        if self.judged not in self.hidden:
            raise ValueError(f"judged {self.judged} must be one of the hidden units {list(self.hidden)}")
        if self.judged < self.patterns:
            raise ValueError(
                f"judged {self.judged} must be at least the number of patterns, {self.patterns}: "
                "its control starts at the patterns"
            )
        return self


Size = Annotated[tuple[Width, Count], Field(description="Visible units N and hidden units H.")]


class Plateaus(Section):
    """Long trainings, whose end is compared with the closed formula."""

    sizes: Annotated[tuple[Size, ...], Field(min_length=1)] = Field(
        ((64, 16), (64, 32), (256, 32)), description="Pairs of visible units N and hidden units H."
    )
    patterns: Count = Field(16, ge=2, description="Orthogonal patterns P.")
    rate: Rate = Field(0.02, description="Learning rate, held constant.")
    batch: Count = Field(4, description="Patterns in a minibatch.")
    epochs: Count = Field(1500, ge=8, description="Passes over the patterns in minibatches.")
    settled: Count = Field(
        1000, ge=8, description="Passes over all patterns at once that follow, each as far as an epoch."
    )
    seeds: Count = Field(12, ge=3, description="Independent seeds of each size.")

    @model_validator(mode="after")
    def _patterns_fit(self) -> "Plateaus":
        fewest = min(pixels for pixels, _ in self.sizes)
        if self.patterns > fewest:
            raise ValueError(f"{self.patterns} orthogonal patterns need as many pixels, not {fewest}")
        if self.patterns % self.batch:
            raise ValueError(f"a batch of {self.batch} must divide the {self.patterns} patterns")
        if len(set(self.sizes)) < len(self.sizes):
            raise ValueError(f"sizes must not repeat: {[list(size) for size in self.sizes]}")
        return self


class Published(_Descent):
    """Orthogonal patterns in place of the paper's whitened images, at the sizes of its script."""

    pixels: Width = Field(784, description="Visible units N; each pattern has the squared norm N.")
    patterns: Count = Field(200, ge=2, description="Orthogonal patterns P.")
    hidden: Count = Field(900, description="Hidden units H, at least the number of patterns.")
    rate: Rate = Field(0.01, description="Learning rate, held constant.")
    batch: Count = Field(5, ge=2, description="Patterns in a minibatch.")
    epochs: Count = Field(700, ge=8, description="Passes over the patterns.")
    seeds: Count = Field(5, ge=3, description="Independent seeds.")

    @model_validator(mode="after")
    def _all_can_be_memorised(self) -> "Published":
        if self.hidden < self.patterns:
            raise ValueError(
                f"hidden {self.hidden} must be at least the number of patterns, {self.patterns}: "
                "the control starts at the patterns"
            )
        return self


class WhitenedImages(Section):
    """Digits whitened across images, as the paper's script whitens, which makes them nearly orthogonal."""

    dataset: Literal["digits"] = Field("digits", description="Images of 8 x 8 pixels.")
    patterns: Annotated[int, Field(ge=2, lt=DIGIT_PIXELS)] = Field(
        32, description="Images P, fewer than pixels."
    )
    hidden: Count = Field(144, description="Hidden units H.")
    rate: Rate = Field(0.02, description="Learning rate, held constant.")
    batch: Count = Field(4, description="Images in a minibatch.")
    epochs: Count = Field(1500, ge=8, description="Passes over the images.")
    seeds: Count = Field(4, ge=3, description="Independent seeds, of images too.")

    @model_validator(mode="after")
    def _a_batch_divides(self) -> "WhitenedImages":
        if self.patterns % self.batch:
            raise ValueError(f"a batch of {self.batch} must divide the {self.patterns} images")
        return self


class Memorisation(Section):
    """What is memorised, and where training stops."""

    hidden_units: HiddenUnits = HiddenUnits()
    plateaus: Plateaus = Plateaus()
    published: Published = Published()
    images: WhitenedImages = WhitenedImages()
