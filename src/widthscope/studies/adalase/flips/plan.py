"""Shards of the family `flips`."""

from widthscope.studies.adalase.flips.settings import Flips
from widthscope.studies.base import Shard


def shards(settings: Flips, seed: int) -> list[Shard]:
    """None yet."""
    return []
