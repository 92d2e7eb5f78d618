"""Settings of the claims about the law of the scores and about the sampler that all other claims use."""

from pydantic import Field

from widthscope.settings_types import Draws, Section, Width, Widths


class Sampler(Section):
    """Cost-free-in-width sampler against full random weights."""

    draws: Draws = Field(
        200_000, ge=20_000, description="Draws of each sampler, for each of the three layer shapes."
    )


class ScoreLaw(Section):
    """Covariance and excess kurtosis of the scores of a two-head layer with correlated tokens."""

    widths: Widths = Field((16, 64, 256), description="Head dimensions d_k = n at which scores are drawn.")
    draws: Draws = Field(200_000, ge=20_000, description="Draws per width.")
    exact_widths: Widths = Field(
        (16, 32, 64, 128, 256, 512, 1024),
        min_length=3,
        description="Widths of the distances that are computed by quadrature, without draws.",
    )


class WrongScaling(Section):
    """Scores scaled by 1/n instead of 1/√n."""

    widths: Widths = Field(
        (16, 64, 256, 1024), min_length=3, description="Widths n; those from 256 up test the uniform law."
    )
    draws: Draws = Field(50_000, ge=20_000, description="Draws per width and scaling.")
    uniform_from: Width = Field(
        256, description="Smallest width at which the outputs are compared with uniform attention."
    )


class Scores(Section):
    """Laws of the scores, and of the samplers."""

    sampler: Sampler = Sampler()
    score_law: ScoreLaw = ScoreLaw()
    wrong_scaling: WrongScaling = WrongScaling()
