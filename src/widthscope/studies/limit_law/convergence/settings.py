"""Settings of the claims about the rate at which the output law converges."""

from widthscope.config import Section


class Convergence(Section):
    """Sizes of the experiments on the rate at which the output law converges."""
