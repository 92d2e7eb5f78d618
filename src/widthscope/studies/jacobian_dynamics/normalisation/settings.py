"""Settings of the claims on what normalisation does to Jacobians and exponents."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from widthscope.settings_types import Count, Heads, Increasing, Positive, Section, Tokens, Width

Seeds = Annotated[Count, Field(ge=12)]
"""Independent seeds; with fewer, Student's quantile at the study's level decides nothing."""

LimitWidths = Increasing[Annotated[Width, Field(ge=8, le=4096)]]
"""Widths of a sweep towards the width limit."""

Steps = Annotated[int, Field(ge=1, le=64)]
"""Iterations T of the update."""


def _divides(heads: int, widths: tuple[int, ...]) -> int:
    for width in widths:
        if width % heads:
            raise ValueError(f"a width of {width} does not split into {heads} heads")
    return heads


class Bound(Section):
    """The norm of the update's Jacobian against its bound."""

    width: Width = Field(12, le=256, description="Width D.")
    heads: Heads = Field(2, description="Heads H.")
    tokens: Tokens = Field(6, ge=2, le=64, description="Tokens S.")
    draws: Count = Field(200, ge=40, description="Draws of weights, tokens, gains, step sizes and scales.")

    @field_validator("heads")
    @classmethod
    def _heads_share_the_width(cls, heads: int, info: ValidationInfo) -> int:
        return _divides(heads, (info.data.get("width", heads),))


class Rotation(Section):
    """The discretised rotation, whose spectrum is known exactly."""

    widths: Increasing[Annotated[Width, Field(ge=2, le=128, multiple_of=2)]] = Field(
        (2, 6, 8), description="Widths D."
    )
    angles: Increasing[Positive] = Field((0.1, 0.5, 1.0, 2.0), description="Step size times frequency.")
    draws: Count = Field(40, ge=20, description="States of each width and angle.")


class TokenCount(Section):
    """The norm of the Jacobian over the number of tokens, with long tokens as in the paper's first figure."""

    width: Width = Field(48, le=1024, description="Width D.")
    heads: Heads = Field(4, description="Heads H.")
    tokens: Increasing[Annotated[Tokens, Field(ge=2, le=512)]] = Field(
        (4, 8, 16, 32, 64), min_length=3, description="Tokens S."
    )
    length: Positive = Field(100.0, description="Length of a token before the update.")
    seeds: Seeds = Field(24, description="Independent seeds for each number of tokens.")

    @field_validator("heads")
    @classmethod
    def _heads_share_the_width(cls, heads: int, info: ValidationInfo) -> int:
        return _divides(heads, (info.data.get("width", heads),))


class Gap(Section):
    """How much normalisation lowers the largest exponent over T steps, without drive."""

    widths: LimitWidths = Field((32, 64, 128), min_length=3, description="Widths D.")
    seeds: Seeds = Field(60, description="Independent seeds at each width.")
    steps: Increasing[Steps] = Field((2, 4, 8, 12), description="Horizons T.")
    tokens: Increasing[Tokens] = Field((4, 8, 16), description="Numbers of tokens S.")
    step_sizes: Increasing[Positive] = Field((0.5, 1.0, 2.0), description="Step sizes η.")
    base: tuple[Steps, Tokens, Positive] = Field(
        (8, 8, 1.0), description="Horizon, tokens and step size where another of the three varies."
    )

    @field_validator("base")
    @classmethod
    def _base_lies_on_every_axis(
        cls, base: tuple[int, int, float], info: ValidationInfo
    ) -> tuple[int, int, float]:
        for name, value in zip(("steps", "tokens", "step_sizes"), base, strict=True):
            axis = info.data.get(name, (value,))
            if value not in axis:
                raise ValueError(f"the base value {value:g} is not among the {name} {axis}")
        return base


class Growth(Section):
    """Lengths before normalisation, and the exponent that they leave, with drive."""

    widths: LimitWidths = Field((32, 64, 128), min_length=3, description="Widths D.")
    seeds: Seeds = Field(60, description="Independent seeds at each width.")
    heads: Heads = Field(4, description="Heads H.")
    tokens: Tokens = Field(8, ge=2, description="Tokens S.")
    steps: Steps = Field(8, description="Horizon T.")
    step_size: Positive = Field(1.0, description="Step size η.")
    kappas: Increasing[Positive] = Field((0.5, 1.0, 2.0), description="Relative drives κ.")

    @field_validator("heads")
    @classmethod
    def _heads_share_the_widths(cls, heads: int, info: ValidationInfo) -> int:
        return _divides(heads, info.data.get("widths", (heads,)))


class Critical(Section):
    """The largest exponent in the long run over the drive."""

    widths: LimitWidths = Field((32, 64, 128), min_length=3, description="Widths D.")
    seeds: Seeds = Field(24, description="Independent seeds at each width.")
    tokens: Tokens = Field(16, ge=2, description="Tokens S.")
    step_size: Positive = Field(1.0, description="Step size η.")
    kappas: Increasing[Annotated[float, Field(ge=0)]] = Field(
        (0.0, 0.7, 1.5, 2.0),
        min_length=2,
        description="Relative drives κ; the first must be 0, the last 2, which are told apart.",
    )
    warm_up: Count = Field(100, description="Steps of the state before tangents are followed.")
    frame_warm_up: Count = Field(50, description="Steps of state and tangent before averaging.")
    steps: Count = Field(150, ge=20, description="Steps averaged over.")

    @field_validator("kappas")
    @classmethod
    def _from_no_drive_to_a_strong_one(cls, kappas: tuple[float, ...]) -> tuple[float, ...]:
        if kappas[0] != 0 or kappas[-1] != 2:
            raise ValueError(
                f"the first drive must be 0 and the last 2, not {kappas[0]:g} and {kappas[-1]:g}"
            )
        return kappas


class Normalisation(Section):
    """What normalisation does to Jacobians and exponents."""

    bound: Bound = Bound()
    rotation: Rotation = Rotation()
    token_count: TokenCount = TokenCount()
    gap: Gap = Gap()
    growth: Growth = Growth()
    critical: Critical = Critical()
