"""Shards of the experiments on the rate at which the output law converges."""

from widthscope.studies.base import Shard
from widthscope.studies.limit_law.convergence.settings import Convergence


def shards(settings: Convergence, seed: int) -> list[Shard]:
    """One shard per experiment."""
    return []
