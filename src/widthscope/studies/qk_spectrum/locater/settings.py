"""Settings of the family `locater`: penalties on the spectrum."""

from widthscope.settings_types import Section


class Locater(Section):
    """Penalties that shrink the spectrum, with and without keeping its mean."""
