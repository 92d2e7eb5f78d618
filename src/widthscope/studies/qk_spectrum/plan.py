"""Shards of the study, family by family."""

from widthscope.studies.base import Shard
from widthscope.studies.qk_spectrum.collapse import plan as collapse
from widthscope.studies.qk_spectrum.loader import plan as loader
from widthscope.studies.qk_spectrum.locater import plan as locater
from widthscope.studies.qk_spectrum.settings import Settings
from widthscope.studies.qk_spectrum.spectrum import plan as spectrum
from widthscope.studies.qk_spectrum.training import plan as training
from widthscope.studies.qk_spectrum.walks import plan as walks


def shards(settings: Settings, seed: int) -> list[Shard]:
    """Every shard of the study; the name of a shard starts with its family."""
    return [
        *spectrum.shards(settings.spectrum, seed),
        *walks.shards(settings.walks, seed),
        *collapse.shards(settings.collapse, seed),
        *loader.shards(settings.loader, seed),
        *training.shards(settings.training, seed),
        *locater.shards(settings.locater, seed),
    ]
