"""Settings of the family `diagonal`."""

from widthscope.settings_types import Section


class Diagonal(Section):
    """Diagonal linear networks."""
