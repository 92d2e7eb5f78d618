"""Settings of the family `collapse`: rank collapse and entropy collapse."""

from widthscope.settings_types import Section


class Collapse(Section):
    """Attention entropy and token diversity against the spectrum, with the true softmax."""
