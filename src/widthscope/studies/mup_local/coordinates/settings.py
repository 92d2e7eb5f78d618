"""Settings of the family `coordinates`: coordinate checks over several steps."""

from widthscope.settings_types import Section


class Coordinates(Section):
    """Coordinate checks over several steps."""
