"""Settings of the family `energy`: energies of attention and their descent."""

from widthscope.settings_types import Section


class Energy(Section):
    """Whether energies fall along continuous and discrete time."""
