"""Shards of the family `collapse`."""

from widthscope.studies.base import Shard
from widthscope.studies.qk_spectrum.collapse.settings import Collapse


def shards(settings: Collapse, seed: int) -> list[Shard]:
    """The jobs of the family."""
    return []
