"""Shards of the family `dense`."""

from widthscope.studies.adalase.dense.settings import Dense
from widthscope.studies.base import Shard


def shards(settings: Dense, seed: int) -> list[Shard]:
    """None yet."""
    return []
