"""Shards of the family `normalisation`."""

from widthscope.studies.base import Shard
from widthscope.studies.jacobian_dynamics.normalisation.settings import Normalisation


def shards(settings: Normalisation, seed: int) -> list[Shard]:
    """None so far."""
    return []
