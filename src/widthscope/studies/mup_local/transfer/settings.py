"""Settings of the family `transfer`: transfer of learning rates over widths."""

from widthscope.settings_types import Section


class Transfer(Section):
    """Transfer of learning rates over widths."""
