"""Settings of the study, with the sizes of a laptop run as defaults."""

from pydantic import Field

from widthscope.settings_types import Count, Draws, Section, Width, Widths


class Settings(Section):
    """Sizes of the sweep over the width of one linear layer."""

    widths: Widths = Field((8, 16, 32, 64, 128), min_length=2, description="Widths n of the layer.")
    inputs: Width = Field(16, description="Dimension d of the input.")
    batches: Count = Field(20, ge=2, description="Independent batches; they are the sampling unit.")
    draws: Draws = Field(2000, ge=2, description="Layers drawn in each batch.")
