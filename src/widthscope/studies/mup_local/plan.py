"""Shards of the study, family by family."""

from widthscope.studies.base import Shard
from widthscope.studies.mup_local.coordinates import plan as coordinates
from widthscope.studies.mup_local.equilibrium import plan as equilibrium
from widthscope.studies.mup_local.gradients import plan as gradients
from widthscope.studies.mup_local.interpolation import plan as interpolation
from widthscope.studies.mup_local.onestep import plan as onestep
from widthscope.studies.mup_local.settings import Settings
from widthscope.studies.mup_local.targets import plan as targets
from widthscope.studies.mup_local.transfer import plan as transfer


def shards(settings: Settings, seed: int) -> list[Shard]:
    """Every shard of the study; the name of a shard starts with its family."""
    return [
        *equilibrium.shards(settings.equilibrium, seed),
        *gradients.shards(settings.gradients, seed),
        *interpolation.shards(settings.interpolation, seed),
        *onestep.shards(settings.onestep, seed),
        *coordinates.shards(settings.coordinates, seed),
        *transfer.shards(settings.transfer, seed),
        *targets.shards(settings.targets, seed),
    ]
