"""Settings of the family `training`: what training does to the spectrum."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Increasing, Positive, Section, Tokens, Width

EvenWidth = Annotated[Width, Field(ge=4, multiple_of=2)]
"""A width d of which the head takes half."""


class Training(Section):
    """One softmax head trained to predict the next token of random walks, and on independent tokens."""

    widths: Increasing[EvenWidth] = Field(
        (16, 32, 64), description="Widths d; the head dimension is d/2, and each width is a job of its own."
    )
    seeds: Count = Field(
        24, ge=2, description="Seeds of each arm; both arms share weights and noise of a seed."
    )
    tokens: Annotated[Tokens, Field(ge=8, multiple_of=4)] = Field(
        16, description="Number of tokens T that are read."
    )
    batch: Count = Field(32, description="Sequences in a step, all of them new.")
    steps: Count = Field(800, ge=1, description="Updates by Adam.")
    learning_rate: Positive = Field(3e-3, description="Learning rate of Adam, held constant.")
    recorded: Count = Field(20, description="Evenly spaced points of the run at which weights are recorded.")
    evaluated: Count = Field(64, description="Sequences on which attention is measured at these points.")
