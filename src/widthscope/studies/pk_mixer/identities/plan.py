"""Shards of the family `identities`."""

from widthscope.studies.base import Shard
from widthscope.studies.pk_mixer.identities.settings import Identities


def shards(settings: Identities, seed: int) -> list[Shard]:
    """None yet."""
    return []
