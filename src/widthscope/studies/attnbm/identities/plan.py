"""Shards of the family `identities`."""

from widthscope.studies.attnbm.identities.settings import Identities
from widthscope.studies.base import Shard


def shards(settings: Identities, seed: int) -> list[Shard]:
    """None yet."""
    return []
