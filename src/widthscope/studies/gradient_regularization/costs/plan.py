"""Shards of the family `costs`."""

from widthscope.studies.base import Shard
from widthscope.studies.gradient_regularization.costs.settings import Costs


def shards(settings: Costs, seed: int) -> list[Shard]:
    """None yet."""
    return []
