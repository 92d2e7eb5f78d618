"""Settings of the family `features`: a task that needs features, over widths."""

from widthscope.settings_types import Section


class Features(Section):
    """Not measured yet."""
