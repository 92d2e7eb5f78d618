"""Shards of the family `flooding`."""

from widthscope.studies.base import Shard
from widthscope.studies.gradient_regularization.flooding.settings import Flooding


def shards(settings: Flooding, seed: int) -> list[Shard]:
    """None yet."""
    return []
