"""Settings of the family `width`: laws of width at initialisation."""

from widthscope.settings_types import Section


class WidthLaws(Section):
    """How Jacobians at initialisation grow with the width."""
