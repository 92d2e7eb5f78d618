"""Settings of the family `flatness`."""

from widthscope.settings_types import Section


class Flatness(Section):
    """Flatness at matched training loss."""
