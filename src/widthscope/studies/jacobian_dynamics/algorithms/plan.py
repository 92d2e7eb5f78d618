"""Shards of the family `algorithms`."""

from widthscope.studies.base import Shard
from widthscope.studies.jacobian_dynamics.algorithms.settings import Algorithms


def shards(settings: Algorithms, seed: int) -> list[Shard]:
    """None so far."""
    return []
