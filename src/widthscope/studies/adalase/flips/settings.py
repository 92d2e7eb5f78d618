"""Settings of the family `flips`."""

from widthscope.settings_types import Section


class Flips(Section):
    """Flips in a convolutional network."""
