"""Shards of the family `width`."""

from widthscope.studies.base import Shard
from widthscope.studies.jacobian_dynamics.width.settings import WidthLaws


def shards(settings: WidthLaws, seed: int) -> list[Shard]:
    """None so far."""
    return []
