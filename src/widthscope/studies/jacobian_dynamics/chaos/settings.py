"""Settings of the family `chaos`: exponents over the paper's horizon and in the long run."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from widthscope.settings_types import Count, Heads, Increasing, Positive, Section, Tokens, Width
from widthscope.studies.jacobian_dynamics.layer_settings import heads_divide_the_width


class Chaos(Section):
    """A random recurrent layer with RMS norm, by the sharpness of its attention and the drive."""

    width: Width = Field(48, description="Width D.")
    heads: Heads = Field(4, description="Heads H; a divisor of the width.")
    tokens: Tokens = Field(12, ge=2, description="Tokens S.")
    gains: Increasing[Positive] = Field(
        (1.0, 2.0, 4.0, 8.0),
        min_length=2,
        description="Factors of the queries; the last makes chaos with drive.",
    )
    drive: Positive = Field(
        1.0, description="Drive kappa, of a token over the state's, at which chaos is looked for."
    )
    strong_drive: Positive = Field(
        2.0, description="Drive kappa under which the layer contracts, at the first gain."
    )
    horizon: Count = Field(16, description="Steps T of the finite-time exponent; the paper's are 16.")
    warm_up: Count = Field(
        100, ge=100, description="Steps of the state, and again of the tangent, before averages."
    )
    steps: Count = Field(300, ge=100, description="Steps that the exponent in the long run is averaged over.")
    followed: Count = Field(120, description="Steps over which two near states are followed.")
    seeds: Annotated[Count, Field(ge=12)] = Field(
        20, description="Independent seeds of weights, state and drive."
    )

    _heads_divide_the_width = field_validator("heads")(heads_divide_the_width)

    @field_validator("strong_drive")
    @classmethod
    def _the_strong_drive_is_stronger(cls, strong: float, info: ValidationInfo) -> float:
        drive = info.data.get("drive", 0.0)
        if strong <= drive:
            raise ValueError(f"strong_drive must exceed the drive {drive:g}, not be {strong:g}")
        return strong
