"""Settings of the family `normalisation`: normalisation and Jacobians."""

from widthscope.settings_types import Section


class Normalisation(Section):
    """What normalisation does to Jacobians and exponents."""
