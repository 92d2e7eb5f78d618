"""Settings of the claims about the mixture of Gaussians that an output coordinate follows."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Draws, Heads, Increasing, Section, Width

MixtureWidth = Annotated[Width, Field(ge=16)]
"""A width that a Bartlett factor of at most 16 tokens fits into."""

FewTokens = Annotated[int, Field(ge=2, le=16)]
"""A number of tokens small enough for every width of the sweep."""


class Kurtosis(Section):
    """Excess kurtosis of one output coordinate, and of the difference of two tokens' outputs."""

    widths: Increasing[MixtureWidth] = Field(
        (16, 64, 128, 256, 512, 1024),
        min_length=4,
        description="Widths n of the layer, all head dimensions n.",
    )
    heads: Increasing[Heads] = Field((1, 2), description="Numbers of heads H, each run at every width.")
    tokens: FewTokens = Field(
        4, description="Number of orthonormal tokens s, so that their Gram is the identity."
    )
    lengths: Increasing[FewTokens] = Field(
        (2, 8), description="Further numbers of tokens s, run with one head at `length_width` only."
    )
    length_width: MixtureWidth = Field(
        128, description="Width n at which the further numbers of tokens are run."
    )
    draws: Draws = Field(
        100_000, ge=1000, description="Draws of all weights for each combination of settings."
    )
    batches: Count = Field(40, ge=8, description="Batches of draws; standard errors are over batches.")


class Coordinates(Section):
    """Moments of several output coordinates that share one draw of the attention weights."""

    widths: Increasing[MixtureWidth] = Field(
        (16, 64, 256, 1024, 4096), min_length=4, description="Widths n of the layer, all head dimensions n."
    )
    heads: Increasing[Heads] = Field((1, 2), description="Numbers of heads H, each run at every width.")
    tokens: FewTokens = Field(
        4, description="Number of orthonormal tokens s, so that their Gram is the identity."
    )
    coordinates: Annotated[int, Field(ge=2, le=16)] = Field(
        8,
        description="Output coordinates sampled in each draw; they share the draw, so they are not "
        "counted in n.",
    )
    draws: Draws = Field(
        60_000, ge=1000, description="Draws of all weights for each combination of settings."
    )
    batches: Count = Field(40, ge=8, description="Batches of draws; standard errors are over batches.")


class Mixture(Section):
    """Sizes of the experiments on the Gaussian mixture of the outputs."""

    kurtosis: Kurtosis = Kurtosis()
    coordinates: Coordinates = Coordinates()
