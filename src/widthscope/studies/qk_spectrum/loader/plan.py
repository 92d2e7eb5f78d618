"""Shards of the family `loader`."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.qk_spectrum.loader.settings import Loader

SECONDS_PER_DRAW = 0.2
"""Of saving and reading every module once, on one core; its arithmetic is nothing beside it."""

MEMORY_MB = 500
"""A Torch process."""


def shards(settings: Loader, seed: int) -> list[Shard]:
    """The one job of the family."""
    cost = Cost(settings.draws * SECONDS_PER_DRAW, MEMORY_MB)
    return [Shard("loader", "loader.experiment", {**settings.model_dump(), "seed": seed}, cost)]
