"""Settings of the family `width`."""

from widthscope.settings_types import Section


class Width(Section):
    """Accuracy over the effective width."""
