"""Settings of the family `energy`."""

from widthscope.settings_types import Section


class Energy(Section):
    """Energies along the dynamics."""
