"""Shards of the family `label_noise`."""

from widthscope.studies.base import Shard
from widthscope.studies.gradient_regularization.label_noise.settings import LabelNoise


def shards(settings: LabelNoise, seed: int) -> list[Shard]:
    """None yet."""
    return []
