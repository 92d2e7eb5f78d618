"""Shards of the study, family by family."""

from widthscope.studies.attnbm.digits import plan as digits
from widthscope.studies.attnbm.identities import plan as identities
from widthscope.studies.attnbm.memorisation import plan as memorisation
from widthscope.studies.attnbm.mixtures import plan as mixtures
from widthscope.studies.attnbm.settings import Settings
from widthscope.studies.base import Shard


def shards(settings: Settings, seed: int) -> list[Shard]:
    """Every shard of the study; the name of a shard starts with its family."""
    return [
        *identities.shards(settings.identities, seed),
        *mixtures.shards(settings.mixtures, seed),
        *memorisation.shards(settings.memorisation, seed),
        *digits.shards(settings.digits, seed),
    ]
