"""Settings of the family `onestep`: direct one-step changes of every layer against the width."""

from widthscope.settings_types import Section


class Onestep(Section):
    """Not measured yet."""
