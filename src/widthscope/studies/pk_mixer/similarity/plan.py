"""Shards of the family `similarity`."""

from widthscope.studies.base import Shard
from widthscope.studies.pk_mixer.similarity.settings import Similarity


def shards(settings: Similarity, seed: int) -> list[Shard]:
    """None yet."""
    return []
