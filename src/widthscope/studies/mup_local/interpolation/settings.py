"""Settings of the family `interpolation`: between the first-order and the Gauss-Newton gradient."""

from widthscope.settings_types import Section


class Interpolation(Section):
    """Between the first-order and the Gauss-Newton gradient."""
