"""Settings of the family `memorisation`."""

from widthscope.settings_types import Section


class Memorisation(Section):
    """What is memorised, and where training stops."""
