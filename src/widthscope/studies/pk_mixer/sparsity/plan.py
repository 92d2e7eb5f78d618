"""Shards of the family `sparsity`."""

from widthscope.studies.base import Shard
from widthscope.studies.pk_mixer.sparsity.settings import Sparsity


def shards(settings: Sparsity, seed: int) -> list[Shard]:
    """None yet."""
    return []
