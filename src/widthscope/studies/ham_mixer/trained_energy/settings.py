"""Settings of the family `trained_energy`."""

from widthscope.settings_types import Section


class TrainedEnergy(Section):
    """Energies of trained blocks."""
