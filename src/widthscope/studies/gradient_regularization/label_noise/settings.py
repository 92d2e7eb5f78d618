"""Settings of the family `label_noise`."""

from widthscope.settings_types import Section


class LabelNoise(Section):
    """Digits with random labels."""
