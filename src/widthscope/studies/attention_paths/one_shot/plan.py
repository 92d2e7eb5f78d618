"""Shards of the family `one_shot`."""

from widthscope.studies.attention_paths.one_shot.settings import OneShot
from widthscope.studies.base import Shard


def shards(settings: OneShot, seed: int) -> list[Shard]:
    """None yet."""
    return []
