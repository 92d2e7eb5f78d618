"""Settings of the family `identities`."""

from widthscope.settings_types import Section


class Identities(Section):
    """Exact identities."""
