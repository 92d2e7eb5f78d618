"""Settings of the family `breaking`."""

from widthscope.settings_types import Section


class Breaking(Section):
    """Symmetry through training."""
