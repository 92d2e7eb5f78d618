"""Shards of the study, family by family."""

from widthscope.studies.base import Shard
from widthscope.studies.pk_mixer.identities import plan as identities
from widthscope.studies.pk_mixer.settings import Settings
from widthscope.studies.pk_mixer.similarity import plan as similarity
from widthscope.studies.pk_mixer.sparsity import plan as sparsity
from widthscope.studies.pk_mixer.spectra import plan as spectra
from widthscope.studies.pk_mixer.width import plan as width


def shards(settings: Settings, seed: int) -> list[Shard]:
    """Every shard of the study; the name of a shard starts with its family."""
    return [
        *identities.shards(settings.identities, seed),
        *spectra.shards(settings.spectra, seed),
        *sparsity.shards(settings.sparsity, seed),
        *width.shards(settings.width, seed),
        *similarity.shards(settings.similarity, seed),
    ]
