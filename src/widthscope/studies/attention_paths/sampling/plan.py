"""Shards of the family `sampling`."""

from widthscope.studies.attention_paths.sampling.settings import Sampling
from widthscope.studies.base import Shard


def shards(settings: Sampling, seed: int) -> list[Shard]:
    """None yet."""
    return []
