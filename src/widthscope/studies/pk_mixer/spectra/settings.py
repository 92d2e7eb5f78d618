"""Settings of the family `spectra`: moments of one layer's and of two layers' squared singular values."""

from typing import Annotated

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Increasing, Section

Side = Annotated[int, Field(ge=4, le=128)]
"""Tokens, and as many channels: layers have the side's square as width."""

Draws = Annotated[Count, Field(ge=12)]
"""Independent draws; with fewer, Student's quantile at the study's level decides little."""


class Spectra(Section):
    """Random layers of one width and density: of a mixer, randomly permuted, and sparse without structure."""

    layer_sides: Increasing[Side] = Field((8, 12, 16, 20), description="Tokens S = C of single layers.")
    product_sides: Increasing[Side] = Field(
        (8, 12, 16, 24), min_length=3, description="Tokens S = C of products of two layers."
    )
    factor_draws: Draws = Field(
        6000, description="Draws of what the small factors of a mixer give: moments without a large matrix."
    )
    sparse_draws: Draws = Field(
        240, description="Draws of sparse layers at the smallest side; fewer, as its inverse, at larger ones."
    )
    product_draws: Draws = Field(
        400,
        description="Draws of products at the smallest side; fewer, as its inverse square, at larger ones.",
    )
    fewest: Draws = Field(40, description="At least so many draws at every side.")
    expanded: Side = Field(12, description="Tokens S = C of single layers with expansion 2.")
    depth: Count = Field(4, le=16, description="ReLU layers through which a signal is followed.")
    signals: Draws = Field(40, description="Draws of such networks.")

    largest_picture: Side = Field(16, description="Largest side of products whose singular values are drawn.")

    @model_validator(mode="after")
    def _something_to_draw(self) -> "Spectra":
        if self.product_sides[0] > self.largest_picture:
            raise ValueError(
                f"product_sides ({self.product_sides[0]} and above) leave no product of at most "
                f"largest_picture ({self.largest_picture}) tokens, whose singular values are drawn"
            )
        return self

    @model_validator(mode="after")
    def _enough_to_begin_with(self) -> "Spectra":
        for name in ("sparse_draws", "product_draws"):
            if getattr(self, name) < self.fewest:
                raise ValueError(f"{name} ({getattr(self, name)}) must be at least fewest ({self.fewest})")
        return self
