"""Shards of the family `equilibrium`."""

from widthscope.studies.base import Shard
from widthscope.studies.mup_local.equilibrium.settings import Equilibrium


def shards(settings: Equilibrium, seed: int) -> list[Shard]:
    """None yet."""
    return []
