"""Shards of the family `spectra`."""

from widthscope.studies.base import Shard
from widthscope.studies.pk_mixer.spectra.settings import Spectra


def shards(settings: Spectra, seed: int) -> list[Shard]:
    """None yet."""
    return []
