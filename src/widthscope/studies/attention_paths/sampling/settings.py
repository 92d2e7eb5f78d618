"""Settings of the family `sampling`: samples of all weights against the exact posterior and the theory."""

from widthscope.settings_types import Count, Section


class Sampling(Section):
    """Samples of all weights against the exact posterior and the theory."""

    seeds: Count = 12
