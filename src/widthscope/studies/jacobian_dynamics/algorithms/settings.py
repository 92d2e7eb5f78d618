"""Settings of the family `algorithms`: agreement of the algorithms."""

from widthscope.settings_types import Section


class Algorithms(Section):
    """Whether all ways to a Jacobian and to its spectrum agree."""
