"""Shards of the family `onestep`: one."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.mup_local.onestep.settings import Onestep

STARTUP = 3.5


def shards(settings: Onestep, seed: int) -> list[Shard]:
    """All rows on the same draws."""
    own = {**settings.model_dump(mode="json"), "seed": seed}
    per_member = sum((1e-7 + 2e-8 * settings.images) * width**2 for width in settings.widths)
    memory = round(600 + 250e-6 * settings.widths[-1] ** 2)
    cost = Cost(STARTUP + settings.seeds * per_member, memory)
    return [Shard("onestep", "onestep.experiment", own, cost, ("digits",))]
