"""Settings of the family `energy`: when an energy of attention falls, and when it does not."""

from typing import Annotated

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Heads, Increasing, Positive, Section, Tokens, Width

Beta = Annotated[Positive, Field(le=1024)]
"""An inverse temperature of attention over tokens of length 1."""

StepSize = Annotated[Positive, Field(le=16)]
"""A step of discrete time, absolute or over the largest that is stable."""


class Flows(Section):
    """Energy along continuous time: random states, and states found by climbing the energy's rate."""

    width: Width = Field(8, description="Width D of the tokens of one head.")
    heads: Annotated[Heads, Field(ge=2)] = Field(4, description="Heads H where there are several.")
    heads_width: Width = Field(16, description="Width D where there are several heads: a multiple of 4 H.")
    tokens: Annotated[Tokens, Field(ge=2)] = Field(8, description="Tokens S of a state.")
    draws: Annotated[Count, Field(ge=2)] = Field(128, description="Draws of weights, the sampling units.")
    states: Count = Field(16, description="Random states for each draw.")
    starts: Count = Field(1, description="Random states for each draw from which the rate is climbed.")
    climb: Count = Field(24, description="Steps of a climb.")
    betas: Increasing[Beta] = Field((0.25, 1.0, 4.0, 16.0, 64.0), description="Inverse temperatures.")

    @model_validator(mode="after")
    def _heads_hold_rotations(self) -> "Flows":
        if self.heads_width % (4 * self.heads):
            raise ValueError(
                f"heads_width is {self.heads_width}, but it must be a multiple of 4 heads = "
                f"{4 * self.heads}: each of a head's two blocks needs two dimensions or more"
            )
        return self


class CounterExamples(Section):
    """States at which the energy rises, known in closed form."""

    skews: Count = Field(24, description="Strengths a of the skew part of two tokens' A, from 0 to 2.")
    angles: Count = Field(24, description="Angles between two tokens, from 0 to 90 degrees.")
    ratio: Annotated[Positive, Field(lt=1)] = Field(
        0.5, description="Length of a ring of tokens in a head's second block over that in its first."
    )


class Steps(Section):
    """Energy along discrete time: explicit steps of attention, tokens taken back to the sphere."""

    width: Width = Field(8, description="Width D of the tokens.")
    tokens: Annotated[Tokens, Field(ge=2)] = Field(16, description="Tokens S of a state.")
    draws: Annotated[Count, Field(ge=2)] = Field(128, description="Draws of weights and a state each.")
    iterations: Annotated[Count, Field(ge=4)] = Field(100, description="Steps of a run.")
    betas: Increasing[Beta] = Field((1.0, 8.0, 64.0), description="Inverse temperatures.")
    small: Increasing[StepSize] = Field((0.125, 0.25, 0.5), description="Steps expected to be small enough.")
    large: Increasing[StepSize] = Field((1.0, 2.0), description="Steps expected to be too large.")
    below: Annotated[StepSize, Field(lt=1)] = Field(
        0.8,
        description="A step over the limit 2/(largest - min(least, 0)), of eigenvalues of A, that should be "
        "stable.",
    )
    above: Annotated[StepSize, Field(gt=1)] = Field(1.25, description="One over that limit that should not.")

    @model_validator(mode="after")
    def _small_is_smaller(self) -> "Steps":
        if self.small[-1] >= self.large[0]:
            raise ValueError(
                f"the largest small step is {self.small[-1]:g}, but it must be below the least large one, "
                f"{self.large[0]:g}"
            )
        return self


class Energy(Section):
    """Whether the energy of attention falls, by the conditions on its weights, by temperature and step."""

    flows: Flows = Flows()
    counter_examples: CounterExamples = CounterExamples()
    steps: Steps = Steps()
