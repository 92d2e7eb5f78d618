"""Shards of the family `limits`."""

from widthscope.studies.attention_paths.limits.settings import Limits
from widthscope.studies.base import Shard


def shards(settings: Limits, seed: int) -> list[Shard]:
    """None yet."""
    return []
