"""Shards of the study, family by family."""

from widthscope.studies.base import Shard
from widthscope.studies.ham_mixer.accuracy import plan as accuracy
from widthscope.studies.ham_mixer.breaking import plan as breaking
from widthscope.studies.ham_mixer.denoise import plan as denoise
from widthscope.studies.ham_mixer.energy import plan as energy
from widthscope.studies.ham_mixer.settings import Settings
from widthscope.studies.ham_mixer.trained_energy import plan as trained_energy


def shards(settings: Settings, seed: int) -> list[Shard]:
    """Every shard of the study; the name of a shard starts with its family."""
    return [
        *energy.shards(settings.energy, seed),
        *denoise.shards(settings.denoise, seed),
        *trained_energy.shards(settings.trained_energy, seed),
        *accuracy.shards(settings.accuracy, seed),
        *breaking.shards(settings.breaking, seed),
    ]
