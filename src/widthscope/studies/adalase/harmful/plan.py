"""Shards of the family `harmful`."""

from widthscope.studies.adalase.harmful.settings import Harmful
from widthscope.studies.base import Shard


def shards(settings: Harmful, seed: int) -> list[Shard]:
    """None yet."""
    return []
