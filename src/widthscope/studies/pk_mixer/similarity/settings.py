"""Settings of the family `similarity`."""

from widthscope.settings_types import Section


class Similarity(Section):
    """Similarity of hidden features with static sparse networks."""
