"""Shards of the family `maps`: one for each augmentation."""

from widthscope.studies.adalase.arms import Arm
from widthscope.studies.adalase.map_costs import Experiment, positions, shards_of
from widthscope.studies.adalase.map_plan import fixed, recipe
from widthscope.studies.adalase.maps.policies import AUGMENTATIONS, NULL, NULL_OF
from widthscope.studies.adalase.maps.settings import Maps
from widthscope.studies.base import Shard

FAMILY = "maps"


def shards(settings: Maps, seed: int) -> list[Shard]:
    """Fixed positions and the adaptive choice of each augmentation."""
    places = positions(settings.described)
    rates = {**dict.fromkeys(AUGMENTATIONS, settings.ratio_rate), "translation": settings.translation_rate}
    experiments = {
        name: Experiment(
            recipe(settings),
            (
                *fixed(name, places),
                Arm(f"{name}-adaptive", (name,) * places, rate=rates[name]),
                *([Arm(NULL, ("identity",) * places, rate=rates[name])] if NULL_OF[name] == name else []),
            ),
        )
        for name in AUGMENTATIONS
    }
    return shards_of(FAMILY, experiments, settings.described, settings.dataset, seed, range(settings.seeds))
