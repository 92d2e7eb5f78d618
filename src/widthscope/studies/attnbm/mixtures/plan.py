"""Shards of the family `mixtures`."""

from widthscope.studies.attnbm.mixtures.settings import Mixtures
from widthscope.studies.base import Shard


def shards(settings: Mixtures, seed: int) -> list[Shard]:
    """None yet."""
    return []
