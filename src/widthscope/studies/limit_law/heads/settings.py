"""Settings of the claims about the number of heads and the head dimension."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Draws, Heads, Increasing, Section, Width

HeadDim = Annotated[Width, Field(ge=8)]
"""A head dimension, or a width, that a Bartlett factor of at most 8 tokens fits into."""

FewTokens = Annotated[int, Field(ge=2, le=8)]
"""A number of tokens small enough for every head dimension."""


class ManyHeads(Section):
    """Excess kurtosis of one output coordinate as the number of heads grows, by the single-token sampler."""

    heads: Increasing[Heads] = Field(
        (1, 2, 4, 8, 16, 32, 64), min_length=3, description="Numbers of heads H, on fixed tokens."
    )
    width: HeadDim = Field(4096, description="Width n at which the heads are counted on fixed tokens.")
    tokens: FewTokens = Field(
        4, description="Number of orthonormal tokens s, so that their Gram is the identity."
    )
    draws: Draws = Field(40_000, ge=1000, description="Draws of all weights for each number of heads.")
    batches: Count = Field(40, ge=8, description="Batches of draws; standard errors are over batches.")


class OrderOfLimits(Section):
    """The many-head limit at fixed width, with the paper's random tokens."""

    heads: Annotated[Heads, Field(ge=64)] = Field(
        256, description="Number of heads H that stands for infinitely many."
    )
    widths: Increasing[HeadDim] = Field(
        (16, 64, 256, 1024), min_length=3, description="Widths n of the layer and of the random tokens."
    )
    ladder: Increasing[Heads] = Field(
        (1, 4, 16, 64), description="Smaller numbers of heads H, run at `ladder_width` to show the plateau."
    )
    ladder_width: HeadDim = Field(256, description="Width n at which the smaller numbers of heads are run.")
    tokens: FewTokens = Field(
        4, description="Number of tokens s; the random tokens follow the paper's clip ensemble."
    )
    draws: Draws = Field(8_000, ge=1000, description="Draws of all weights and tokens for each width.")
    batches: Count = Field(40, ge=8, description="Batches of draws; standard errors are over batches.")


class LowRank(Section):
    """Distance to the limit law when the head dimension is n/H."""

    heads: Heads = Field(
        4, description="Number of heads H of the sweeps over the head dimension and the width."
    )
    head_dims: Increasing[HeadDim] = Field(
        (16, 32, 64, 128, 256, 512), min_length=4, description="Head dimensions d_k = d_v on fixed tokens."
    )
    widths: Increasing[HeadDim] = Field(
        (16, 32, 64, 128, 256, 512),
        min_length=4,
        description="Widths n of the random tokens, with infinite head dimension, for the part that n "
        "governs.",
    )
    token_width: HeadDim = Field(
        256, description="Fixed width n of the random tokens while the head dimension alone grows."
    )
    paper_head_dim: HeadDim = Field(64, description="Head dimension n/H of the paper's low-rank experiment.")
    paper_heads: Increasing[Heads] = Field(
        (1, 4, 16), description="Numbers of heads H of that experiment; n = H n/H."
    )
    tokens: FewTokens = Field(4, description="Number of tokens s.")
    coordinates: Annotated[int, Field(ge=1, le=8)] = Field(
        2, description="Output coordinates of the joint law."
    )
    frequencies: Count = Field(128, ge=16, description="Frequencies of the joint characteristic function.")
    draws: Draws = Field(20_000, ge=1000, description="Coupled draws at each point.")
    batches: Count = Field(20, ge=8, description="Independent batches of the coupled draws.")


class HeadCounts(Section):
    """Sizes of the experiments on the number of heads and on the head dimension."""

    many_heads: ManyHeads = ManyHeads()
    order_of_limits: OrderOfLimits = OrderOfLimits()
    low_rank: LowRank = LowRank()
