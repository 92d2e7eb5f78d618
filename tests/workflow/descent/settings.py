"""Settings of the study."""

from pydantic import Field

from widthscope.settings_types import Count, Section, Widths


class Training(Section):
    """How long is trained."""

    widths: Widths = Field((4, 8), description="Widths n.")
    steps: Count = Field(20, description="Steps.")
    pause: float = Field(0.0, ge=0, description="Seconds that a step takes besides.")


class Spectra(Section):
    """What is made of the weights."""

    power: Count = Field(2, description="Power of the mean that is formed.")


class Settings(Section):
    """Sizes of the study."""

    training: Training = Training()
    spectra: Spectra = Spectra()
