"""Shards of the family `targets`."""

from widthscope.studies.base import Shard
from widthscope.studies.mup_local.targets.settings import Targets


def shards(settings: Targets, seed: int) -> list[Shard]:
    """None yet."""
    return []
