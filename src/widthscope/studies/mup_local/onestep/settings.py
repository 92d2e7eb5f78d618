"""Settings of the family `onestep`: exponents of one learning step."""

from widthscope.settings_types import Section


class Onestep(Section):
    """Exponents of one learning step."""
