"""Shards of the family `trained_energy`."""

from widthscope.studies.base import Shard
from widthscope.studies.ham_mixer.trained_energy.settings import TrainedEnergy


def shards(settings: TrainedEnergy, seed: int) -> list[Shard]:
    """None yet."""
    return []
