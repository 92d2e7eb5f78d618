"""Shards of the family `denoise`."""

from widthscope.studies.base import Shard
from widthscope.studies.ham_mixer.denoise.settings import Denoise


def shards(settings: Denoise, seed: int) -> list[Shard]:
    """None yet."""
    return []
