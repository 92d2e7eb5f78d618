"""Settings of the family `algorithms`: one Jacobian by several ways that share no code."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from widthscope.settings_types import Count, Heads, Section, Tokens, Width
from widthscope.studies.jacobian_dynamics.layer_settings import heads_divide_the_width

SMALLEST = 64
"""Numbers of the smallest state, above the dimension of Arnoldi's subspace here."""


class Algorithms(Section):
    """States at which closed forms, autograd, LAPACK, Arnoldi and ARPACK are compared, of every model."""

    width: Annotated[Width, Field(multiple_of=4)] = Field(16, description="Width D; a multiple of 4.")
    heads: Heads = Field(2, description="Heads H; a divisor of the width.")
    tokens: Tokens = Field(8, ge=2, description="Tokens S.")
    states: Count = Field(2, description="States of each kind and model, with weights of their own.")
    settled: Count = Field(30, description="Steps after which a state counts as reached by iteration.")
    training: Count = Field(10, description="Steps of gradient descent behind the trained weights.")
    leading: Count = Field(4, le=16, description="Leading eigenvalues compared.")

    _heads_divide_the_width = field_validator("heads")(heads_divide_the_width)

    @field_validator("tokens")
    @classmethod
    def _states_are_large_enough_for_arnoldi(cls, tokens: int, info: ValidationInfo) -> int:
        width = info.data.get("width", 16)
        if tokens * width < SMALLEST:
            raise ValueError(
                f"{tokens} tokens of width {width} are {tokens * width} numbers; allowed are {SMALLEST} or "
                "more, since Arnoldi must not span the whole space"
            )
        return tokens
