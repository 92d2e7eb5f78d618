"""Settings of the family `one_shot`: one-shot classification of images, and heads that can be pruned."""

from widthscope.settings_types import Count, Section


class OneShot(Section):
    """One-shot classification of images, and heads that can be pruned."""

    seeds: Count = 12
