"""Shards of the family `energy`."""

from widthscope.studies.base import Shard
from widthscope.studies.ham_mixer.energy.settings import Energy


def shards(settings: Energy, seed: int) -> list[Shard]:
    """None yet."""
    return []
