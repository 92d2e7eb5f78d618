"""Shards of the family `accuracy`."""

from widthscope.studies.base import Shard
from widthscope.studies.ham_mixer.accuracy.settings import Accuracy


def shards(settings: Accuracy, seed: int) -> list[Shard]:
    """None yet."""
    return []
