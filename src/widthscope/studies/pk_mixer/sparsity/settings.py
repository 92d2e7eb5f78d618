"""Settings of the family `sparsity`."""

from widthscope.settings_types import Section


class Sparsity(Section):
    """Implicit L1 control and cost."""
