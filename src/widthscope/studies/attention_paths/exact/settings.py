"""Settings of the family `exact`: the theory against exact posteriors at finite width."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Increasing, Positive, PowerOfTwo, Section, Width

Seeds = Annotated[Count, Field(ge=3)]
"""Independent data sets; with fewer than 12, Student's quantile at the study's level decides little."""

ExactWidth = Annotated[Width, Field(ge=8, multiple_of=8)]
"""At least the 2 x 2 x 2 paths of three layers, and with an eighth that is a width."""


class Scaling(Section):
    """Normal path inputs, with examples and inputs that grow with equal widths N."""

    widths: Increasing[ExactWidth] = Field(
        (8, 16, 32, 64), min_length=3, description="Widths N of all layers, also that of the inputs."
    )
    layers: Increasing[Annotated[int, Field(ge=1, le=3)]] = Field(
        (1, 2), description="Numbers of layers L, of two heads each."
    )
    load: Count = Field(2, description="Examples P over the width N.")
    temperature: Positive = Field(0.1, description="Temperature of the posterior.")
    tests: Count = Field(200, ge=20, description="Examples that are predicted.")
    seeds: Seeds = Field(16, description="Independent data sets at each width.")


class Shapes(Section):
    """Unequal heads, widths and variances that grow together, and three layers."""

    scales: Increasing[Count] = Field((1, 2, 4), min_length=3, description="Factors k of all widths.")
    deep_widths: Increasing[Annotated[Width, Field(ge=8)]] = Field(
        (24, 48, 96),
        min_length=3,
        description="Widths N of all layers of the network of three layers, also that of the inputs and P.",
    )
    tests: Count = Field(200, ge=20, description="Examples that are predicted.")
    seeds: Seeds = Field(20, description="Independent data sets at each width.")


class HiddenChains(Section):
    """Chains of two states, with a number of examples that stays as the widths grow."""

    widths: Increasing[Annotated[Width, Field(ge=4)]] = Field(
        (10, 30, 100, 300), min_length=3, description="Widths N of all layers."
    )
    examples: Count = Field(100, ge=4, description="Sequences P that are learned.")
    tests: Count = Field(300, ge=10, description="Sequences that are predicted.")
    tokens: Count = Field(30, ge=2, description="Tokens T of a sequence.")
    features: Count = Field(200, ge=2, multiple_of=2, description="Features of a token.")
    temperature: Positive = Field(0.01, description="Temperature of the posterior.")
    seeds: Seeds = Field(12, description="Independent data sets, each with random heads of its own.")


class Exact(Section):
    """The theory against exact posteriors at finite width."""

    draws: Annotated[PowerOfTwo, Field(ge=64, le=2**16)] = Field(
        512,
        description="Draws of one scrambled sequence, a power of two; fewer where there are few coordinates.",
    )
    scrambles: Count = Field(4, ge=3, le=64, description="Independently scrambled sequences of draws.")
    scaling: Scaling = Scaling()
    shapes: Shapes = Shapes()
    chains: HiddenChains = HiddenChains()
