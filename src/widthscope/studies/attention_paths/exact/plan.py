"""Shards of the family `exact`."""

from widthscope.studies.attention_paths.exact.settings import Exact
from widthscope.studies.base import Shard


def shards(settings: Exact, seed: int) -> list[Shard]:
    """None yet."""
    return []
