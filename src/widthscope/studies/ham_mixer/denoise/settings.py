"""Settings of the family `denoise`."""

from widthscope.settings_types import Section


class Denoise(Section):
    """A memory that is trained to denoise."""
