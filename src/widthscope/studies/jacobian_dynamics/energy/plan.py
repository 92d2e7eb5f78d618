"""Shards of the family `energy`."""

from widthscope.studies.base import Shard
from widthscope.studies.jacobian_dynamics.energy.settings import Energy


def shards(settings: Energy, seed: int) -> list[Shard]:
    """None so far."""
    return []
