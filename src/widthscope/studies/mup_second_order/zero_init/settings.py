"""Settings of the family `zero_init`: networks whose readout starts at zero."""

from widthscope.settings_types import Section


class ZeroInit(Section):
    """Not measured yet."""
