"""Shards of the family `coordinates`."""

from widthscope.studies.base import Shard
from widthscope.studies.mup_second_order.coordinates.settings import Coordinates


def shards(settings: Coordinates, seed: int) -> list[Shard]:
    """None yet."""
    return []
