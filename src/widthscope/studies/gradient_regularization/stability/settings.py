"""Settings of the family `stability`."""

from widthscope.settings_types import Section


class Stability(Section):
    """Clean labels, and diverged trainings."""
