"""Shards of the family `interpolation`: one."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.mup_local.interpolation.settings import Interpolation

STARTUP = 3.5


def shards(settings: Interpolation, seed: int) -> list[Shard]:
    """The curve at every width; drawing the weights costs most."""
    own = {**settings.model_dump(mode="json"), "seed": seed}
    seconds = settings.seeds * sum(3e-8 * width**2 for width in settings.widths)
    memory = round(600 + 150e-6 * settings.widths[-1] ** 2)
    entry = "interpolation.experiment"
    return [Shard("interpolation", entry, own, Cost(STARTUP + seconds, memory), ("digits",))]
