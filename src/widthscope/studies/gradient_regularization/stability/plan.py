"""Shards of the family `stability`."""

from widthscope.studies.base import Shard
from widthscope.studies.gradient_regularization.stability.settings import Stability


def shards(settings: Stability, seed: int) -> list[Shard]:
    """None yet."""
    return []
