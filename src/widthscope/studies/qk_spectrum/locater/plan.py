"""Shards of the family `locater`."""

from widthscope.studies.base import Shard
from widthscope.studies.qk_spectrum.locater.settings import Locater


def shards(settings: Locater, seed: int) -> list[Shard]:
    """The jobs of the family."""
    return []
