"""Shards of the family `memorisation`."""

from widthscope.studies.attnbm.memorisation.settings import Memorisation
from widthscope.studies.base import Shard


def shards(settings: Memorisation, seed: int) -> list[Shard]:
    """None yet."""
    return []
