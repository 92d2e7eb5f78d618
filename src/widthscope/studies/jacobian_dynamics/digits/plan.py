"""Shards of the family `digits`."""

from widthscope.studies.base import Shard
from widthscope.studies.jacobian_dynamics.digits.settings import Digits


def shards(settings: Digits, seed: int) -> list[Shard]:
    """None so far."""
    return []
