"""Shards of the family `training`."""

from widthscope.studies.base import Shard
from widthscope.studies.qk_spectrum.training.settings import Training


def shards(settings: Training, seed: int) -> list[Shard]:
    """The jobs of the family."""
    return []
