"""Settings of the family `digits`."""

from widthscope.settings_types import Section


class Digits(Section):
    """Training on digits."""
