"""Shards of the family `gradients`: one."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.mup_local.gradients.settings import Gradients

STARTUP = 3.5
TYPICAL_SWEEPS = 80
"""After which most members are at their equilibrium; `sweeps` is what the last of them may take."""

RATES = 2
"""At which networks are trained: `learning_rate` and `larger_rate`."""

ITERATED = 4
"""Arms whose equilibrium is iterated for."""


def shards(settings: Gradients, seed: int) -> list[Shard]:
    """All comparisons of gradients, at the same images."""
    own = {**settings.model_dump(mode="json"), "seed": seed}
    linear = sum(3.5e-8 * depth * width**2 for depth in settings.depths for width in settings.linear_widths)
    sweeps = sum(ITERATED * 1.2e-8 * TYPICAL_SWEEPS * width**2 for width in settings.widths)
    steps = sum(RATES * 6e-9 * settings.steps * width**2 for width in settings.trained_widths)
    seconds = settings.seeds * (linear + (sweeps + steps) * settings.images / 50)
    widest = max(*settings.linear_widths, *settings.widths, *settings.trained_widths)
    memory = round(600 + 200e-6 * widest**2)
    return [Shard("gradients", "gradients.experiment", own, Cost(STARTUP + seconds, memory), ("digits",))]
