"""Shards of the family `maps`."""

from widthscope.studies.adalase.maps.settings import Maps
from widthscope.studies.base import Shard


def shards(settings: Maps, seed: int) -> list[Shard]:
    """None yet."""
    return []
