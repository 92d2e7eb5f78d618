"""Shards of the family `damping`."""

from widthscope.studies.base import Shard
from widthscope.studies.mup_second_order.damping.settings import Damping


def shards(settings: Damping, seed: int) -> list[Shard]:
    """None yet."""
    return []
