"""Shards of the family `identities`: one."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.pk_mixer.identities.settings import Identities

STARTUP = 3.5
START_MB = 450

COUNTING_SECONDS = 2.0
"""For the counts, whatever the sizes: they are of shapes, and nothing is multiplied."""

MULTIPLY_SECONDS = 1e-9
"""Of one multiplication in float64 of small dense matrices, on one core."""


def shards(settings: Identities, seed: int) -> list[Shard]:
    """All identities in one job."""
    own = {**settings.model_dump(mode="json"), "seed": seed}
    units = [settings.expansion * tokens * channels for tokens, channels in settings.shapes]
    dense = settings.seeds * sum(0.005 + 8 * MULTIPLY_SECONDS * count**3 for count in units)
    memory = START_MB + round(8e-6 * 12 * max(units) ** 2)
    return [
        Shard("identities", "identities.experiment", own, Cost(STARTUP + COUNTING_SECONDS + dense, memory))
    ]
