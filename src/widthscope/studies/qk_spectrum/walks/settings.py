"""Settings of the family `walks`: scores of random walks."""

from widthscope.settings_types import Section


class Walks(Section):
    """Scores of random walks: their moments, and the signal propagation probability."""
