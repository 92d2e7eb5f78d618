"""Shards of the family `width`."""

from widthscope.studies.base import Shard
from widthscope.studies.pk_mixer.width.settings import Width


def shards(settings: Width, seed: int) -> list[Shard]:
    """None yet."""
    return []
