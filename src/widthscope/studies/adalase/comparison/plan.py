"""Shards of the family `comparison`: none, since it compares what other families trained."""

from widthscope.studies.adalase.comparison.settings import Comparison
from widthscope.studies.base import Shard


def shards(settings: Comparison, seed: int) -> list[Shard]:
    """None."""
    return []
