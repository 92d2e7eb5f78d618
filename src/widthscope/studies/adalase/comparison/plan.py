"""Shards of the family `comparison`."""

from widthscope.studies.adalase.comparison.settings import Comparison
from widthscope.studies.base import Shard


def shards(settings: Comparison, seed: int) -> list[Shard]:
    """None yet."""
    return []
