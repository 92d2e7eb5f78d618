"""Shards of the family `interpolation`."""

from widthscope.studies.base import Shard
from widthscope.studies.mup_local.interpolation.settings import Interpolation


def shards(settings: Interpolation, seed: int) -> list[Shard]:
    """None yet."""
    return []
