"""Settings of the family `chaos`: finite-time and long-run exponents."""

from widthscope.settings_types import Section


class Chaos(Section):
    """Finite-time exponents beside those of the long run."""
