"""Settings of the family `gradients`: gradients of predictive coding and back-propagation."""

from widthscope.settings_types import Section


class Gradients(Section):
    """Gradients of predictive coding beside those of back-propagation, over widths."""
