"""Shards of the family `flatness`."""

from widthscope.studies.base import Shard
from widthscope.studies.gradient_regularization.flatness.settings import Flatness


def shards(settings: Flatness, seed: int) -> list[Shard]:
    """None yet."""
    return []
