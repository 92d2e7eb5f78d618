"""Shards of the family `differences`."""

from widthscope.studies.base import Shard
from widthscope.studies.gradient_regularization.differences.settings import Differences


def shards(settings: Differences, seed: int) -> list[Shard]:
    """None yet."""
    return []
