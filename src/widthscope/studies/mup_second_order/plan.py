"""Shards of the study, family by family."""

from widthscope.studies.base import Shard
from widthscope.studies.mup_second_order.coordinates import plan as coordinates
from widthscope.studies.mup_second_order.damping import plan as damping
from widthscope.studies.mup_second_order.features import plan as features
from widthscope.studies.mup_second_order.onestep import plan as onestep
from widthscope.studies.mup_second_order.settings import Settings
from widthscope.studies.mup_second_order.transfer import plan as transfer
from widthscope.studies.mup_second_order.zero_init import plan as zero_init


def shards(settings: Settings, seed: int) -> list[Shard]:
    """Every shard of the study; the name of a shard starts with its family."""
    return [
        *onestep.shards(settings.onestep, seed),
        *zero_init.shards(settings.zero_init, seed),
        *damping.shards(settings.damping, seed),
        *coordinates.shards(settings.coordinates, seed),
        *transfer.shards(settings.transfer, seed),
        *features.shards(settings.features, seed),
    ]
