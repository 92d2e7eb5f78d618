"""Settings of the family `mixtures`: training on data whose law is known."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Increasing, Positive, Section

Components = Annotated[int, Field(ge=2, le=10**5)]
Units = Annotated[int, Field(ge=2, le=10**5)]
Rate = Annotated[Positive, Field(le=1)]

LEAST_ABOVE = 1.05
"""Least eigenvalue above 1: margins of the claim are fractions of what is learned of it."""


class Likelihood(Section):
    """Machines trained by the likelihood, beside expectation maximisation, on mixtures of unit Gaussians."""

    components: Components = Field(5, description="Components K of the law, and hidden units of the machine.")
    visible: Units = Field(20, description="Visible units N.")
    spread: Positive = Field(0.75, description="Standard deviation of each coordinate of the law's means.")
    examples: Increasing[Count] = Field(
        (250, 500), description="Examples P trained on, all at every step; the largest is judged."
    )
    constant_examples: Count = Field(
        800, description="Examples trained on in minibatches at a constant rate."
    )
    wide_components: Components = Field(4, description="Components of the law with distant means.")
    wide_visible: Units = Field(10, description="Visible units under the law with distant means.")
    wide_spread: Positive = Field(2.0, description="Standard deviation of each of its means' coordinates.")
    wide_examples: Count = Field(4000, description="Examples of it trained on, in minibatches.")
    many_components: Components = Field(
        10, description="Components of a law as distant, whose runs from examples are a control."
    )
    batch: Count = Field(100, description="Examples in a minibatch.")
    restarts: Count = Field(4, description="Runs of which the best on the training examples is taken.")
    seeds: Count = Field(32, ge=3, description="Independent laws, each with its data and initial weights.")
    steps: Count = Field(400, description="Steps of training.")
    wide_steps: Count = Field(
        2000, description="The same where means are distant: patterns that share a cluster part slowly there."
    )
    shorter: Increasing[Count] = Field(
        (400, 1200), description="Steps of shorter trainings there, to tell what is unfinished from merged."
    )
    rate: Rate = Field(0.05, description="Learning rate of Adam.")
    iterations: Count = Field(500, description="Iterations of expectation maximisation, at most.")
    test: Count = Field(10000, description="Examples tested on.")

    @model_validator(mode="after")
    def _examples_suffice(self) -> Self:
        least = {"examples": self.examples[0], "constant_examples": self.constant_examples}
        for name, count in least.items():
            if count < self.components:
                raise ValueError(
                    f"{name}: {count} examples are fewer than the {self.components} components that start on "
                    "examples"
                )
        most = max(self.wide_components, self.many_components)
        if self.wide_examples < most:
            raise ValueError(
                f"wide_examples: {self.wide_examples} examples are fewer than the {most} components that "
                "start on examples"
            )
        for name in ("constant_examples", "wide_examples"):
            if self.batch > getattr(self, name):
                raise ValueError(f"batch {self.batch} exceeds {name}, {getattr(self, name)}")
        return self

    @model_validator(mode="after")
    def _laws_differ_as_they_are_called(self) -> Self:
        if self.many_components <= self.wide_components:
            raise ValueError(
                f"many_components {self.many_components} must be more than wide_components, "
                f"{self.wide_components}"
            )
        if self.wide_spread <= self.spread:
            raise ValueError(f"wide_spread {self.wide_spread} must be more than spread, {self.spread}")
        if self.shorter[-1] >= self.wide_steps:
            raise ValueError(
                f"shorter: {self.shorter[-1]} steps must be fewer than wide_steps, {self.wide_steps}"
            )
        return self


class Threshold(Section):
    """Machines without biases on Gaussian data whose sample covariance is exact."""

    below: Increasing[Positive] = Field((0.8, 0.95), description="Eigenvalues of the covariance below 1.")
    above: Increasing[Positive] = Field(
        (1.05, 1.2, 1.5, 2.0), description="Eigenvalues of the covariance above 1."
    )
    components: Components = Field(40, description="Hidden units H.")
    examples: Count = Field(20_000, description="Examples P, all at every step.")
    seeds: Count = Field(8, ge=3, description="Independent data and initial weights.")
    steps: Count = Field(200, description="Steps of Adam, whose rate falls to 0, to the optimum.")
    rate: Rate = Field(0.05, description="Learning rate of Adam.")
    growth_steps: Count = Field(100, description="Steps of gradient descent from tiny weights.")
    growth_rate: Rate = Field(0.1, description="Learning rate of gradient descent.")
    growth_components: Components = Field(8, description="Hidden units H while weights are tiny.")
    shrink: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.9, description="What the control's data are multiplied by; its eigenvalues by the square."
    )

    @model_validator(mode="after")
    def _eigenvalues_lie_on_their_sides(self) -> Self:
        if self.below[-1] >= 1:
            raise ValueError(f"below: eigenvalue {self.below[-1]} must be less than 1")
        if self.above[0] < LEAST_ABOVE:
            raise ValueError(
                f"above: eigenvalue {self.above[0]} must be at least {LEAST_ABOVE}, or what is learned of it "
                "is within the claim's margin"
            )
        if self.examples <= len(self.below) + len(self.above):
            raise ValueError(
                f"examples: {self.examples} cannot have a covariance of {len(self.below) + len(self.above)} "
                "given eigenvalues; more are needed"
            )
        if self.above[0] * self.shrink**2 >= 1:
            raise ValueError(
                f"shrink {self.shrink}: the control's eigenvalue {self.above[0]} * {self.shrink}^2 must be "
                "less than 1"
            )
        return self


class Denoising(Section):
    """Denoising autoencoders on clean cluster centres, beside machines trained by the likelihood."""

    components: Components = Field(4, description="Cluster centres K, and hidden units.")
    visible: Units = Field(10, description="Visible units N.")
    spread: Positive = Field(1.0, description="Standard deviation of each coordinate of a centre.")
    wide_spread: Positive = Field(1.5, description="The same, of centres further apart.")
    examples: Count = Field(4000, description="Noisy examples that the likelihood is trained on.")
    batch: Count = Field(50, description="Examples, or fresh corrupted centres, in a step.")
    restarts: Count = Field(3, description="Runs of which the one with the least training loss is taken.")
    seeds: Count = Field(20, ge=3, description="Independent centres, data and initial weights.")
    steps: Count = Field(3000, description="Steps of Adam, whose rate falls to 0.")
    rate: Rate = Field(0.05, description="Learning rate of Adam.")
    loud: Annotated[float, Field(gt=1)] = Field(
        2.0, description="Noise of the control's training, whose density is read at noise 1."
    )
    test: Count = Field(10000, description="Noisy examples tested on.")

    @model_validator(mode="after")
    def _a_batch_fits(self) -> Self:
        if self.batch > self.examples:
            raise ValueError(f"batch {self.batch} exceeds examples, {self.examples}")
        if self.wide_spread <= self.spread:
            raise ValueError(f"wide_spread {self.wide_spread} must be more than spread, {self.spread}")
        return self


class Mixtures(Section):
    """Training on data of known law."""

    likelihood: Likelihood = Likelihood()
    threshold: Threshold = Threshold()
    denoising: Denoising = Denoising()
