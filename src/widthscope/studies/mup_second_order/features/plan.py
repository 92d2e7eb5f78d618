"""Shards of the family `features`."""

from widthscope.studies.base import Shard
from widthscope.studies.mup_second_order.features.settings import Features


def shards(settings: Features, seed: int) -> list[Shard]:
    """None yet."""
    return []
