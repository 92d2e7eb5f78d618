"""Settings of the claims that go beyond the paper."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Draws, Heads, Increasing, Positive, Section, Width

LayerWidth = Annotated[Width, Field(ge=16)]
"""A width that a Bartlett factor of at most 16 tokens fits into."""

FewTokens = Annotated[int, Field(ge=2, le=16)]
"""A number of tokens small enough for every width."""


class Causal(Section):
    """Excess kurtosis of an output by its position under a causal mask."""

    widths: Increasing[LayerWidth] = Field((64, 256), description="Widths n of the layer.")
    tokens: FewTokens = Field(6, description="Number of orthonormal tokens s.")
    heads: Heads = Field(1, description="Number of heads H.")
    draws: Draws = Field(120_000, ge=1000, description="Draws of all weights for each width and mask.")
    batches: Count = Field(40, ge=8, description="Batches of draws; standard errors are over batches.")


class Length(Section):
    """Excess kurtosis of an output over the length of the sequence, by the single-token sampler."""

    lengths: Increasing[Annotated[int, Field(ge=2, le=4096)]] = Field(
        (2, 4, 8, 16, 32, 64, 128),
        min_length=3,
        description="Numbers of orthonormal tokens s; beyond 128 rare draws carry the fourth moment, and "
        "its standard error is too small.",
    )
    width: LayerWidth = Field(128, description="Width n of the layer.")
    heads: Heads = Field(1, description="Number of heads H.")
    window: FewTokens = Field(4, description="Tokens seen by the control, whatever the length.")
    draws: Draws = Field(1_000_000, ge=1000, description="Draws of all weights for each length.")
    batches: Count = Field(40, ge=8, description="Batches of draws; standard errors are over batches.")


class LayerNorm(Section):
    """Moments of outputs that are normalised over their channels."""

    widths: Increasing[LayerWidth] = Field(
        (16, 64, 256, 512), description="Widths n of the layer; the largest two stand for the limit."
    )
    tokens: FewTokens = Field(4, description="Number of orthonormal tokens s.")
    draws: Draws = Field(
        20_000, ge=1000, description="Draws of all weights and all n channels at each width."
    )
    batches: Count = Field(40, ge=8, description="Batches of draws; standard errors are over batches.")


class Depth(Section):
    """Stacks of attention layers, as chains of Gram matrices."""

    widths: Increasing[LayerWidth] = Field(
        (32, 64, 128, 256, 512), min_length=4, description="Widths n of the stack."
    )
    layers: Annotated[int, Field(ge=3, le=64)] = Field(6, description="Number of layers.")
    heads: Heads = Field(2, description="Number of heads H of every layer.")
    tokens: Annotated[int, Field(ge=2, le=8)] = Field(4, description="Number of orthonormal tokens s.")
    skip: Positive = Field(1.0, description="Weight of the attention output in a block with a skip.")
    draws: Draws = Field(12_000, ge=500, description="Stacks drawn at each width, and of the limit chain.")
    batches: Count = Field(40, ge=8, description="Batches of draws; standard errors are over batches.")


class Witness(Section):
    """Two layers with all weights drawn, beside the chain of Gram matrices that replaces them."""

    width: Annotated[int, Field(ge=6, le=256)] = Field(12, description="Width n of the stack.")
    draws: Draws = Field(20_000, ge=1000, description="Stacks drawn in each way.")


class Universality(Section):
    """Layers whose weights are not Gaussian, all of them drawn."""

    widths: Increasing[LayerWidth] = Field(
        (32,), description="Widths n of the layer; a draw costs time proportional to n²."
    )
    tokens: FewTokens = Field(4, description="Number of orthonormal tokens s.")
    coordinates: Count = Field(
        16,
        le=256,
        description="Output coordinates of each draw; they share the draw, so they are not counted in n.",
    )
    draws: Draws = Field(40_000, ge=1000, description="Draws of all weights for each law and width.")
    batches: Count = Field(40, ge=8, description="Batches of draws; standard errors are over batches.")


class Extensions(Section):
    """Sizes of the experiments beyond the paper."""

    causal: Causal = Causal()
    length: Length = Length()
    layernorm: LayerNorm = LayerNorm()
    depth: Depth = Depth()
    witness: Witness = Witness()
    universality: Universality = Universality()
