"""Settings of the family `digits`: training on images of digits."""

from widthscope.settings_types import Section


class Digits(Section):
    """Recurrent attention trained on patches of digits."""
