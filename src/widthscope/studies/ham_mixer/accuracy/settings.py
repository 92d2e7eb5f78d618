"""Settings of the family `accuracy`."""

from widthscope.settings_types import Section


class Accuracy(Section):
    """Accuracy of tied and untied mixers."""
