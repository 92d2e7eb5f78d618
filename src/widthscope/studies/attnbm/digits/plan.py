"""Shards of the family `digits`."""

from widthscope.studies.attnbm.digits.settings import Digits
from widthscope.studies.base import Shard


def shards(settings: Digits, seed: int) -> list[Shard]:
    """None yet."""
    return []
