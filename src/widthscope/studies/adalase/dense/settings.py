"""Settings of the family `dense`."""

from widthscope.settings_types import Section


class Dense(Section):
    """Augmentation of flat features."""
