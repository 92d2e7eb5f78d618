"""Settings of the family `width`: laws of width at initialisation."""

from typing import Annotated

from pydantic import AfterValidator, Field

from widthscope.settings_types import Count, Heads, Increasing, Positive, Section, Tokens, Width

Seeds = Annotated[Count, Field(ge=12)]
"""Independent seeds; with fewer, Student's quantile at the study's level decides nothing."""

LARGE = 128
"""Least of the largest widths: below, finite size is as large as what tells the laws from wrong ones."""


def _reaches_large(widths: tuple[int, ...]) -> tuple[int, ...]:
    if widths[-1] < LARGE:
        raise ValueError(f"the largest width must be at least {LARGE}, not {widths[-1]}")
    return widths


SplitWidths = Annotated[Increasing[Annotated[Width, Field(multiple_of=16)]], AfterValidator(_reaches_large)]
"""Widths of a sweep; multiples of 16, so that they split into heads."""


def _splits_every_width(heads: int) -> int:
    if 16 % heads:
        raise ValueError(f"{heads} heads do not divide every multiple of 16; allowed are 1, 2, 4, 8 and 16")
    return heads


HeadCount = Annotated[Heads, AfterValidator(_splits_every_width)]
"""A number of heads that divides every width of the sweep: 1, 2, 4, 8 or 16."""


class RadialLaw(Section):
    """Eigenvalues of the value-output matrix B against their radial law."""

    widths: SplitWidths = Field((32, 64, 128, 256, 512), min_length=3, description="Widths D.")
    seeds: Seeds = Field(20, description="Independent seeds at each width.")


class Radius(Section):
    """Spectral radius of one step and of attention, from unit and from RMS tokens."""

    widths: SplitWidths = Field((32, 64, 128, 256), min_length=3, description="Widths D.")
    tokens: Tokens = Field(8, ge=2, description="Tokens S.")
    heads: HeadCount = Field(4, description="Heads H: 1, 2, 4, 8 or 16.")
    step_sizes: Increasing[Positive] = Field((0.5, 1.0, 2.0), description="Step sizes eta.")
    seeds: Seeds = Field(16, description="Independent seeds at each width.")
    cloud_width: Annotated[Width, Field(multiple_of=16)] = Field(
        64, le=256, description="Width of the one draw of which all eigenvalues are shown."
    )


class NormGrowth(Section):
    """Largest singular value of attention's Jacobian, from RMS and from unit tokens."""

    widths: SplitWidths = Field((64, 128, 256, 512, 1024), min_length=3, description="Widths D.")
    tokens: Tokens = Field(8, ge=2, description="Tokens S.")
    heads: Increasing[HeadCount] = Field((1, 4), description="Heads H: of 1, 2, 4, 8 and 16.")
    seeds: Seeds = Field(12, description="Independent seeds at each width and number of heads.")


class WidthLaws(Section):
    """How Jacobians at initialisation grow with the width."""

    radial: RadialLaw = RadialLaw()
    radius: Radius = Radius()
    norm: NormGrowth = NormGrowth()
