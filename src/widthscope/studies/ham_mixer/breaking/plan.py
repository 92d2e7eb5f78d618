"""Shards of the family `breaking`."""

from widthscope.studies.base import Shard
from widthscope.studies.ham_mixer.breaking.settings import Breaking


def shards(settings: Breaking, seed: int) -> list[Shard]:
    """None yet."""
    return []
