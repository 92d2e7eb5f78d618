"""Shards of the experiments on the laws of the score matrices."""

from widthscope.studies.base import Shard
from widthscope.studies.limit_law.scores.settings import Scores


def shards(settings: Scores, seed: int) -> list[Shard]:
    """One shard per experiment."""
    return []
