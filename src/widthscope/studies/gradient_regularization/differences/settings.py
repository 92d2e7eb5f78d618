"""Settings of the family `differences`."""

from widthscope.settings_types import Section


class Differences(Section):
    """Finite differences of the gradient on small networks."""
