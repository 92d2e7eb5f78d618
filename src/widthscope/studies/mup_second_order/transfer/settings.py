"""Settings of the family `transfer`: whether the best learning rate stays as the width grows."""

from widthscope.settings_types import Section


class Transfer(Section):
    """Not measured yet."""
