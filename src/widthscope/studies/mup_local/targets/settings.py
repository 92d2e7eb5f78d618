"""Settings of the family `targets`: target propagation: features, kernel regime and feedback."""

from widthscope.settings_types import Section


class Targets(Section):
    """Target propagation: features, kernel regime and feedback."""
