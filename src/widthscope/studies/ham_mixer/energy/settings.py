"""Settings of the family `energy`: energies along the dynamics of memories with random couplings."""

import math
from typing import Annotated, Self

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Increasing, Level, Positive, Section

Scale = Annotated[float, Field(gt=0, le=1e3)]
"""A factor of couplings, whose fourth power enters a step of the energy."""

Length = Annotated[float, Field(gt=0, le=1e6)]
"""Size of a step, the square of which enters the normalisation again and again."""

TimeStep = Annotated[float, Field(gt=0, le=1.0)]
"""Step of a Runge-Kutta method in units of the visible layer's time constant: beyond some 2.8 of them the
method itself is unstable, and an energy that rises is its own."""

FEWEST_ENTRIES = 3
"""Of a state: one of two entries is normalised to plus or minus one, and its energy cannot change."""

LARGEST_RESCALING = 150.0
"""Decimal places by which a decayed state may shrink: its square must stay above the least number."""


class Sizes(Section):
    """Sizes of a memory with one visible and two hidden layers."""

    tokens: Count = Field(8, description="Tokens S of the visible state.")
    channels: Count = Field(12, ge=2, description="Channels C of the visible state.")
    token_hidden: Count = Field(16, description="Token units Hs.")
    channel_hidden: Count = Field(48, description="Channel units Hc.")

    @model_validator(mode="after")
    def _state_can_move(self) -> Self:
        if self.tokens * self.channels < FEWEST_ENTRIES:
            raise ValueError(
                f"{self.tokens} tokens of {self.channels} channels leave the normalised state no freedom; "
                f"their product must be at least {FEWEST_ENTRIES}"
            )
        return self


class Identities(Section):
    """Gradients and Hessians of the Lagrangians, and the decayed step as a residual one."""

    states: Count = Field(8, description="Random states, or systems, of each identity.")
    points: Count = Field(4001, ge=101, description="Points from -6 to 6 at which activations are compared.")
    decay: Level = Field(0.2, description="Share e of the state that a decayed step forgets.")
    steps: Count = Field(30, ge=2, le=1000, description="Decayed steps.")

    @model_validator(mode="after")
    def _numbers_hold_the_rescaling(self) -> Self:
        places = -self.steps * math.log10(1 - self.decay)
        if places > LARGEST_RESCALING:
            raise ValueError(
                f"{self.steps} steps with decay {self.decay:g} rescale the state by 10^{places:.0f}; "
                f"at most 10^{LARGEST_RESCALING:.0f} can be computed with"
            )
        return self


class Flow(Section):
    """The continuous dynamics with fast hidden layers."""

    sizes: Sizes = Sizes()
    systems: Count = Field(256, ge=3, description="Random systems R of each case.")
    step: TimeStep = Field(0.04, description="Step h of the Runge-Kutta method, in time constants.")
    steps: Count = Field(100, ge=2, description="Steps.")


class Steps(Section):
    """Repeated application of one block, with steps of any size."""

    sizes: Sizes = Sizes()
    systems: Count = Field(256, ge=3, description="Random systems R of each case.")
    lengths: Increasing[Length] = Field((0.1, 1.0, 10.0, 1000.0), description="Step sizes eta.")
    iterations: Count = Field(50, ge=2, description="Applications of the block.")
    gain: Positive = Field(
        1.0,
        le=10.0,
        description="Deviation of the logarithm of an elementwise gain after the normalisation.",
    )


class Counterexample(Section):
    """Memories of one unit on each axis, in which GELU can raise the energy."""

    systems: Count = Field(40000, ge=3, description="Random systems of each case.")
    scales: Increasing[Scale] = Field((1.0, 3.0), description="Factors of the couplings.")
    lengths: Increasing[Length] = Field((1.0, 10.0, 100.0), description="Step sizes; the largest is judged.")
    iterations: Count = Field(10, ge=2, description="Applications of the block.")


class Hidden(Section):
    """The dynamics with hidden layers of a time constant of their own."""

    sizes: Sizes = Sizes()
    systems: Count = Field(128, ge=3, description="Random systems of each case.")
    scales: Increasing[Scale] = Field((0.1, 0.3, 1.0), description="Factors of the couplings.")
    tau: Positive = Field(1.0, description="Time constant of the hidden layers over that of the visible one.")
    step: TimeStep = Field(0.04, description="Step h of the Runge-Kutta method, at most tau.")
    steps: Count = Field(100, ge=2, description="Steps.")

    @model_validator(mode="after")
    def _steps_follow_the_hidden_layers(self) -> Self:
        if self.step > self.tau:
            raise ValueError(
                f"a step of {self.step:g} is longer than the hidden layers' time constant of {self.tau:g}; "
                "it must be at most that"
            )
        return self


class Energy(Section):
    """Whether the energy of a hierarchical associative memory falls, and what it takes."""

    identities: Identities = Identities()
    flow: Flow = Flow()
    steps: Steps = Steps()
    counterexample: Counterexample = Counterexample()
    hidden: Hidden = Hidden()
