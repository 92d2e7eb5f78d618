"""Settings of the claims about the laws of the score matrices."""

from widthscope.config import Section


class Scores(Section):
    """Sizes of the experiments on the laws of the score matrices."""
