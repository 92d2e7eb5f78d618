"""Shards of the family `diagonal`."""

from widthscope.studies.base import Shard
from widthscope.studies.gradient_regularization.diagonal.settings import Diagonal


def shards(settings: Diagonal, seed: int) -> list[Shard]:
    """None yet."""
    return []
