"""Settings of the family `loader`: reading checkpoints."""

from widthscope.settings_types import Section


class Loader(Section):
    """Query and key weights of checkpoints, whatever their layout."""
