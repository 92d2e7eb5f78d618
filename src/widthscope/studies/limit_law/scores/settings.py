"""Settings of the claims about the law of the scores and about the sampler that all other claims use."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Draws, Increasing, Section

FourTokenWidths = Increasing[Annotated[int, Field(ge=4, le=2**20)]]
"""Widths of layers of four tokens."""


class Sampler(Section):
    """The sampler whose cost does not depend on the width, against full random weights."""

    draws: Draws = Field(
        200_000, ge=20_000, description="Draws of each sampler, for each of the three layer shapes."
    )


class ScoreLaw(Section):
    """Covariance and excess kurtosis of the scores of a two-head layer with correlated tokens."""

    widths: FourTokenWidths = Field(
        (16, 64, 256), description="Head dimensions d_k = n at which scores are drawn."
    )
    draws: Draws = Field(800_000, ge=20_000, description="Draws per width.")


class WrongScaling(Section):
    """Scores scaled by 1/n instead of 1/√n."""

    widths: FourTokenWidths = Field(
        (16, 64, 256, 1024), min_length=3, description="Widths n; those from 256 up test the uniform law."
    )
    draws: Draws = Field(50_000, ge=20_000, description="Draws per width and scaling.")


class Scores(Section):
    """Laws of the scores, and of the samplers."""

    sampler: Sampler = Sampler()
    score_law: ScoreLaw = ScoreLaw()
    wrong_scaling: WrongScaling = WrongScaling()
