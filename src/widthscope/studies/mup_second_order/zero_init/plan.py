"""Shards of the family `zero_init`."""

from widthscope.studies.base import Shard
from widthscope.studies.mup_second_order.zero_init.settings import ZeroInit


def shards(settings: ZeroInit, seed: int) -> list[Shard]:
    """None yet."""
    return []
