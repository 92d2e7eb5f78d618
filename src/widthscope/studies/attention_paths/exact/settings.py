"""Settings of the family `exact`: the theory against exact posteriors at finite width."""

from widthscope.settings_types import Count, Section


class Exact(Section):
    """The theory against exact posteriors at finite width."""

    seeds: Count = 12
