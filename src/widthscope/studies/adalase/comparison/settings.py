"""Settings of the family `comparison`."""

from widthscope.settings_types import Section


class Comparison(Section):
    """Adaptive against fixed and uniform choices; trains nothing of its own."""
