"""Shards of the family `walks`."""

from widthscope.studies.base import Shard
from widthscope.studies.qk_spectrum.walks.settings import Walks


def shards(settings: Walks, seed: int) -> list[Shard]:
    """The jobs of the family."""
    return []
