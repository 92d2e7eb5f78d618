"""Settings of the family `equilibrium`: predictive coding at its equilibrium."""

from widthscope.settings_types import Section


class Equilibrium(Section):
    """Predictive coding at its equilibrium."""
