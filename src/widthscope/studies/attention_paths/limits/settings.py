"""Settings of the family `limits`: the cubic of one path, and the approach to the Gaussian process."""

from widthscope.settings_types import Count, Section


class Limits(Section):
    """The cubic of one path, and the approach to the Gaussian process."""

    seeds: Count = 12
