"""Shards of the family `loader`."""

from widthscope.studies.base import Shard
from widthscope.studies.qk_spectrum.loader.settings import Loader


def shards(settings: Loader, seed: int) -> list[Shard]:
    """The jobs of the family."""
    return []
