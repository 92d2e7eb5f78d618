"""Shards of the family `gradients`."""

from widthscope.studies.base import Shard
from widthscope.studies.mup_local.gradients.settings import Gradients


def shards(settings: Gradients, seed: int) -> list[Shard]:
    """None yet."""
    return []
