"""Settings of the family `hidden_markov`: what finite width gains on hidden Markov chains."""

from widthscope.settings_types import Count, Section


class HiddenMarkov(Section):
    """What finite width gains on hidden Markov chains."""

    seeds: Count = 12
