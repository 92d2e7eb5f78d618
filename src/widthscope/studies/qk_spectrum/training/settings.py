"""Settings of the family `training`: what training does to the spectrum."""

from widthscope.settings_types import Section


class Training(Section):
    """What training does to the mean and the concentration of the spectrum."""
