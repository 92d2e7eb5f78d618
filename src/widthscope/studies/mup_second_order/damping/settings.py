"""Settings of the family `damping`: how the useful damping moves with the width."""

from widthscope.settings_types import Section


class Damping(Section):
    """Not measured yet."""
