"""Settings of the family `harmful`."""

from widthscope.settings_types import Section


class Harmful(Section):
    """A position at which augmentation destroys labels."""
