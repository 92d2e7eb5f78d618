"""Shards of the study, family by family."""

from widthscope.studies.adalase.comparison import plan as comparison
from widthscope.studies.adalase.dense import plan as dense
from widthscope.studies.adalase.flips import plan as flips
from widthscope.studies.adalase.harmful import plan as harmful
from widthscope.studies.adalase.maps import plan as maps
from widthscope.studies.adalase.rule import plan as rule
from widthscope.studies.adalase.settings import Settings
from widthscope.studies.base import Shard


def shards(settings: Settings, seed: int) -> list[Shard]:
    """Every shard of the study; the name of a shard starts with its family."""
    return [
        *rule.shards(settings.rule, seed),
        *harmful.shards(settings.harmful, seed),
        *dense.shards(settings.dense, seed),
        *flips.shards(settings.flips, seed),
        *maps.shards(settings.maps, seed),
        *comparison.shards(settings.comparison, seed),
    ]
