"""Settings of the family `mixtures`."""

from widthscope.settings_types import Section


class Mixtures(Section):
    """Training on data of known law."""
