"""Settings of the family `zero_init`: networks whose readout starts at zero."""

from typing import Annotated

from pydantic import AfterValidator, Field

from widthscope.settings_types import Count, Increasing, Positive, Section, Width

LIMIT = 256
"""Width from which the rate of the infinite-width limit is judged: corrections of order 1/M are left out."""


def _reaches_limit(widths: tuple[int, ...]) -> tuple[int, ...]:
    if sum(width >= LIMIT for width in widths) < 2:
        raise ValueError(f"at least two widths must be {LIMIT} or more, not {list(widths)}")
    return widths


class Identity(Section):
    """One K-FAC step from a readout of zeros against kernel regression, in float64."""

    widths: Increasing[Width] = Field((64, 256), description="Widths M.")
    seeds: Count = Field(4, description="Independent seeds at each width.")
    images: Count = Field(200, ge=10, le=1000, description="Digits N trained on, all in one batch.")
    tests: Count = Field(200, ge=1, le=700, description="Digits that are predicted besides.")
    damping: Positive = Field(1e-2, description="Damping rho'_A relative to the trace.")


class Rate(Section):
    """How the first step approaches the predictor of infinite width."""

    widths: Annotated[Increasing[Width], AfterValidator(_reaches_limit)] = Field(
        (64, 128, 256, 512, 1024, 2048), description="Widths M."
    )
    seeds: Count = Field(12, ge=3, description="Independent seeds at each width.")
    images: Count = Field(200, ge=10, le=1000, description="Digits N trained on, all in one batch.")
    tests: Count = Field(200, ge=1, le=700, description="Digits that are predicted.")
    damping: Positive = Field(1e-2, description="Damping rho'_A relative to the trace.")


class Bias(Section):
    """Whether training stays with the initial kernel, from a readout of zeros and from a random one."""

    width: Width = Field(512, description="Width M.")
    seeds: Count = Field(8, ge=3, description="Independent seeds.")
    inputs: Count = Field(16, ge=2, le=256, description="Inputs D of the quadratic task.")
    examples: Count = Field(150, ge=10, description="Examples N, all in one batch.")
    tests: Count = Field(500, ge=10, description="Examples that are predicted.")
    steps: Count = Field(20, ge=2, description="Updates.")
    rate: Positive = Field(0.2, description="Learning rate; the first step from zeros has rate 1.")
    sigma_readout: Positive = Field(0.1, description="Scale sigma_L of the random readout at width 64.")
    small: Positive = Field(1e-4, description="Damping rho'_A near interpolation, relative to the trace.")
    large: Positive = Field(1e-2, description="Damping rho'_A of the control.")
    outputs_damping: Positive = Field(0.1, description="Damping rho'_B, relative to the trace.")


class Dual(Section):
    """The two ways to one K-FAC or Shampoo update."""

    draws: Count = Field(3, description="Random activities and signals of each shape.")


class ZeroInit(Section):
    """What a readout that starts at zero does to K-FAC, and whether the solves are right."""

    identity: Identity = Identity()
    rate: Rate = Rate()
    bias: Bias = Bias()
    dual: Dual = Dual()
