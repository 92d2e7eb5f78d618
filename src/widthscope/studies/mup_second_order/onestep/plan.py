"""Shards of the family `onestep`."""

from widthscope.studies.base import Shard
from widthscope.studies.mup_second_order.onestep.settings import Onestep


def shards(settings: Onestep, seed: int) -> list[Shard]:
    """None yet."""
    return []
