"""Shards of the family `chaos`."""

from widthscope.studies.base import Shard
from widthscope.studies.jacobian_dynamics.chaos.settings import Chaos


def shards(settings: Chaos, seed: int) -> list[Shard]:
    """None so far."""
    return []
