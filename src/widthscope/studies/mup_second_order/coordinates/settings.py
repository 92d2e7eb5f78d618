"""Settings of the family `coordinates`: changes of the activations after a few steps."""

from widthscope.settings_types import Section


class Coordinates(Section):
    """Not measured yet."""
