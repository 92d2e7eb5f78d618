"""Shards of the family `spectrum`."""

from widthscope.studies.base import Shard
from widthscope.studies.qk_spectrum.spectrum.settings import Spectrum


def shards(settings: Spectrum, seed: int) -> list[Shard]:
    """The jobs of the family."""
    return []
