"""Settings of the family `flooding`."""

from widthscope.settings_types import Section


class Flooding(Section):
    """Two steps of flooding on digits."""
