"""Settings of the family `identities`: mixers as sparse wide networks, exactly."""

from typing import Annotated

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Distinct, Increasing, Section

Side = Annotated[int, Field(ge=2, le=256)]
"""Tokens or channels of a table."""

Budget = Annotated[int, Field(ge=4, le=256)]
"""Cube root of a number of connections; of fewer, the laws of a mixer and of a dense layer lie together."""


class Identities(Section):
    """Equalities of matrices at small sizes, counts of what layers store and multiply, and widest shapes."""

    shapes: Distinct[tuple[Side, Side]] = Field(
        ((5, 7), (8, 3), (4, 12)),
        description="Tokens S and channels C of the tables, of which dense matrices are formed.",
    )
    expansion: Count = Field(3, le=8, description="Hidden units over inputs of each mixing.")
    seeds: Count = Field(12, ge=3, description="Independent draws of weights and tables.")
    budgets: Increasing[Budget] = Field(
        (8, 16, 24, 32),
        description="Numbers whose cubes, times the expansion, are the budgets of connections.",
    )
    sides: Increasing[Side] = Field(
        (8, 16, 32, 64),
        min_length=3,
        description="Tokens, and as many channels, of the layers whose stored numbers are counted.",
    )

    @model_validator(mode="after")
    def _orders_are_told_apart(self) -> "Identities":
        for tokens, channels in self.shapes:
            if tokens == channels:
                raise ValueError(
                    f"shapes ({tokens}, {channels}) must have other channels than tokens: of square tables a "
                    "wrong order of the factors has the right sizes and densities"
                )
            if tokens * channels > 256:
                raise ValueError(
                    f"shapes ({tokens}, {channels}) have {tokens * channels} units, of which a dense matrix "
                    "is formed: at most 256"
                )
        return self
