"""Settings of the family `maps`."""

from widthscope.settings_types import Section


class Maps(Section):
    """Other augmentations in a convolutional network."""
