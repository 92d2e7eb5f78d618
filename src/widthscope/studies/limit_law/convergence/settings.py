"""Settings of the claims about how fast the output law approaches its limit."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from widthscope.settings_types import Count, Draws, Heads, Increasing, Section, Tokens, Widths

FourTokenWidths = Increasing[Annotated[int, Field(ge=4, le=2**20)]]
"""Widths of layers of four tokens."""


class Rate(Section):
    """Distance between the joint laws of several tokens and coordinates at finite width and in the limit."""

    heads: Increasing[Heads] = Field((2,), description="Numbers of heads H, each a sweep of its own.")
    tokens: Tokens = Field(4, ge=2, le=64, description="Number of tokens s.")
    widths: Widths = Field((16, 32, 64, 128, 256, 512), min_length=4, description="Widths n = d_k = d_v.")
    batches: Count = Field(20, ge=8, description="Independent batches per width, the unit of errors.")
    draws: Draws = Field(1_500, ge=100, description="Coupled draws per batch.")
    frequencies: Count = Field(128, ge=8, description="Frequencies of the characteristic function.")
    repeats: Count = Field(
        2, ge=2, le=16, description="Whole sweeps with streams of their own; those after the first confirm."
    )

    @field_validator("widths")
    @classmethod
    def _widths_hold_the_tokens(cls, widths: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        tokens = info.data.get("tokens", 0)
        if widths[0] < tokens:
            raise ValueError(
                f"a layer of {tokens} tokens has at least that width, and the first is {widths[0]}"
            )
        return widths


class OneDimension(Section):
    """Distances between laws of one output coordinate, by characteristic functions and coupled draws."""

    heads: Increasing[Heads] = Field((1, 2, 8), description="Numbers of heads H.")
    widths: Widths = Field(
        (16, 32, 64, 128, 256, 512, 1024, 2048),
        min_length=4,
        description="Widths of the computed distances; slopes use those from 32 up, to 1000 or more.",
    )
    drawn_widths: FourTokenWidths = Field(
        (16, 64, 256), description="Widths at which coupled draws check them."
    )
    batches: Count = Field(20, ge=8, description="Independent batches of coupled draws per width.")
    draws: Draws = Field(2_000, ge=100, description="Coupled draws per batch.")


class PaperKL(Section):
    """The paper's Figure 1(b): kernel-density estimates of the divergence from the limit."""

    widths: FourTokenWidths = Field(
        (16, 64, 256, 1024), min_length=2, description="Widths n of the finite layers."
    )
    draws: Draws = Field(
        50_000, ge=1_000, le=10**6, description="Draws per sample, as in the paper; they are held in memory."
    )
    seeds: Count = Field(16, ge=4, description="Independent repetitions; the paper has 10.")


class LikelihoodRatio(Section):
    """Held-out likelihood of the limit law against the Gaussian law of infinitely many heads."""

    width: int = Field(256, ge=16, le=2**16, description="Width n of the layer that is drawn.")
    mixture: Draws = Field(20_000, ge=1_000, description="Draws of the covariance in the mixture.")
    held_out: Draws = Field(1_000, ge=100, description="Draws of the layer, the sampling unit.")
    coordinates: Increasing[Count] = Field((1, 4, 16), description="Output coordinates seen at once.")


class Convergence(Section):
    """How fast the output law approaches its limit, and that it approaches nothing else."""

    rate: Rate = Rate()
    one_dimension: OneDimension = OneDimension()
    paper_kl: PaperKL = PaperKL()
    likelihood_ratio: LikelihoodRatio = LikelihoodRatio()
