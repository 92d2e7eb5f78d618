"""Settings of the family `rule`."""

from widthscope.settings_types import Section


class Rule(Section):
    """The ratio update, its mean field and its drift."""
