"""Settings of the family `costs`."""

from widthscope.settings_types import Section


class Costs(Section):
    """Matrix products and memory of one step."""
