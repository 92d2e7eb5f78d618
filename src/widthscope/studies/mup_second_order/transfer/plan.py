"""Shards of the family `transfer`."""

from widthscope.studies.base import Shard
from widthscope.studies.mup_second_order.transfer.settings import Transfer


def shards(settings: Transfer, seed: int) -> list[Shard]:
    """None yet."""
    return []
